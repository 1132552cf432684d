import { type DescMessage, fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf'
import { Metadata, status } from '@grpc/grpc-js'
import type { Rpc } from '#chassis/grpc/call.ts'
import { createStub, type Channel } from '#chassis/grpc/client.ts'
import { readStatus } from '#chassis/grpc/status.ts'
import { camel, loadContract, type Method } from '#contracts/contract.ts'

/** What came of a call: the answer, or the error. */
export type Outcome = {
  code: number
  reason?: string | undefined
  /** The scope that was missing. */
  scope?: string | undefined
  /** The HTTP status, over REST. */
  http?: number
  /** The answer as ts-proto has it. Of a stream, and of a file: undefined. */
  answer?: unknown
}

/** A call to be made. */
export type Request = {
  rpc: Rpc
  method: Method
  message: unknown
  token: string | undefined
  headers?: Record<string, string>
  /** The stream does not end by itself. */
  isEndless?: boolean
}

const { registry } = loadContract()

/** Makes a call over gRPC. */
export async function callGrpc(
  channel: Channel,
  { rpc, message, token, headers, isEndless }: Request,
): Promise<Outcome> {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers ?? {})) metadata.set(name, value)
  const { call } = createStub(channel, { call: rpc })
  try {
    const answer: unknown = call!(message, { token, metadata })
    if (!rpc.responseStream) return { code: status.OK, answer: await answer }
    for await (const _ of answer as AsyncIterable<unknown>) if (isEndless) break
    return { code: status.OK }
  } catch (error) {
    const { code, reason, metadata: details } = readStatus(error as Parameters<typeof readStatus>[0])
    return { code, reason, scope: details['scope'] }
  }
}

/** Milliseconds after which a request over REST is given up. */
const PATIENCE_MS = 30_000

/** Makes a call over REST, by the route of the contract. */
export async function callRest(url: string, request: Request): Promise<Outcome> {
  const { rpc, method, token, isEndless } = request
  const { verb, path, headers, body } = toHttp(request)
  const answer = await fetch(url + path, {
    method: verb,
    headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  })
  const http = answer.status
  if (http === 200 && isEndless) {
    await answer.body!.cancel()
    return { code: status.OK, http }
  }
  const text = await answer.text()
  if (http === 200) {
    const isMessage = !rpc.responseStream && method.output.typeName !== 'google.api.HttpBody'
    return { code: status.OK, http, ...(isMessage && { answer: rpc.responseDeserialize(wireOf(method.output, text)) }) }
  }
  const { code, details } = JSON.parse(text)
  return { code, http, reason: details[0].reason, scope: details[0].metadata.scope }
}

const wireOf = (type: DescMessage, json: string): Buffer =>
  Buffer.from(toBinary(type, fromJson(type, JSON.parse(json) as JsonValue, { registry })))

type Fields = Record<string, unknown>

/** A request as HTTP has it: fields of the path in the path, and the others in the body or the query. */
function toHttp({ rpc, method, message, headers = {} }: Request) {
  const read = fromBinary(method.input, rpc.requestSerialize(message))
  const [route] = method.routes
  if (!route) return { verb: 'POST', path: method.path, headers: JSON_BODY, body: '{}' }
  const { verb, body } = route
  const named = toJson(method.input, read, { registry, useProtoFieldName: true }) as Fields
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, field: string) => String(named[field]))
  const without = (fields: Fields, bound: string[]) =>
    Object.entries(fields).filter(([name]) => !bound.includes(name) && !bound.map(camel).includes(name))
  switch (body) {
    case '': {
      const query = without(named, route.pathFields).flatMap(([name, value]) =>
        [value].flat().map((item): [string, string] => [name, String(item)]),
      )
      return { verb, path: query.length > 0 ? `${path}?${new URLSearchParams(query).toString()}` : path, headers }
    }
    case '*': {
      const json = toJson(method.input, read, { registry }) as Fields
      const rest = JSON.stringify(Object.fromEntries(without(json, route.pathFields)))
      return { verb, path, headers: { ...JSON_BODY, ...headers }, body: rest }
    }
    default: {
      const { contentType, data } = (message as Record<string, { contentType: string; data: Buffer }>)[body]!
      return { verb, path, headers: { 'content-type': contentType, ...headers }, body: new Uint8Array(data) }
    }
  }
}

const JSON_BODY = { 'content-type': 'application/json' }
