import { randomUUID } from 'node:crypto'
import type { Metadata } from '@grpc/grpc-js'
import type { Method } from '#contracts/contract.ts'
import { invalid, requestTooLarge } from '../errors.ts'
import type { Peer, ServerCall } from './peer.ts'
import { sessionOf } from './peer.ts'

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/** The id of the request, as an earlier part of the system named it, or a new one. */
export function requestIdOf(metadata: Metadata): string {
  const sent = header(metadata, 'x-request-id')
  return sent && REQUEST_ID.test(sent) ? sent : randomUUID()
}

/**
 * The access token of the `authorization` header; undefined without the header. Empty, which is no valid token, for another scheme
 * or none: the gateway would not see a user there.
 */
export function bearerToken(metadata: Metadata): string | undefined {
  const sent = header(metadata, 'authorization')
  return sent === undefined ? undefined : (/^bearer +(.*)$/i.exec(sent)?.[1] ?? '')
}

/** The address of the person's client: what the gateway says, when it is the gateway that says it; else the socket's. */
export function addressOf(call: ServerCall, peer: Peer): string {
  const external = peer.isGateway ? header(call.metadata, 'x-envoy-external-address') : undefined
  if (external) return external
  const session = sessionOf(call) as { socket?: { remoteAddress?: string } } | undefined
  return session?.socket?.remoteAddress ?? call.getPeer().replace(/:\d+$/, '')
}

/**
 * The transcoder lets a query parameter override a field that the path sets: `/v1/prompts/A?prompt_id=B` would reach the
 * service as B. Throws INVALID_ARGUMENT for such a call.
 */
export function checkOriginalQuery({ routes }: Method, metadata: Metadata, peer: Peer) {
  if (!peer.isGateway) return
  const path = header(metadata, 'x-envoy-original-path') ?? ''
  const mark = path.indexOf('?')
  if (mark < 0) return
  // Everything after the first question mark, as the transcoder reads it.
  const query = path.slice(mark + 1)
  const bound = new Set(routes.flatMap((route) => route.pathFields).map(plain))
  const repeated = [...new URLSearchParams(query).keys()].filter((name) => bound.has(plain(name)))
  if (repeated.length === 0) return
  const violations = repeated.map((field) => ({
    field,
    description: 'is set by the path and must not be a query parameter',
  }))
  throw invalid(violations, 'PATH_FIELD_IN_QUERY')
}

/** Throws INVALID_ARGUMENT for a request that is larger than its method takes. The gateway looks at the body in the same way. */
export function checkSize({ maxRequestBytes }: Method, wire: Uint8Array) {
  if (wire.length > maxRequestBytes) throw requestTooLarge(maxRequestBytes)
}

const NO_HEADERS = Object.freeze({})

/** The headers that a method asks for. One that was sent several times is one, joined by commas as in HTTP. */
export function readHeaders({ headers }: Method, metadata: Metadata): Readonly<Record<string, string | undefined>> {
  if (headers.length === 0) return NO_HEADERS
  const sent = headers.filter((name) => metadata.get(name).length > 0)
  return Object.fromEntries(sent.map((name) => [name, metadata.get(name).join(', ')]))
}

/** The first value of a text header. */
export function header(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name)
  return value === undefined ? undefined : String(value)
}

// `promptId`, `prompt_id` and `promptId.x` name the same field for the transcoder.
const plain = (name: string) => name.split('.')[0]!.replaceAll('_', '').toLowerCase()
