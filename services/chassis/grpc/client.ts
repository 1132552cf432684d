import { Client, type ClientReadableStream, Metadata, propagate, type ServiceError } from '@grpc/grpc-js'
import { type Contract, LONGEST_STREAM_MS } from '#contracts/contract.ts'
import { MAX_MESSAGE_BYTES } from '#contracts/request-size.ts'
import { injectTrace } from '../trace.ts'
import type { Origin, RequestOf, ResponseOf, Rpc, RpcService } from './call.ts'
import type { ServerCall } from './peer.ts'
import type { Mesh } from './tls.ts'
import { invalidToken } from './tokens.ts'

/** The longest that a call may take, milliseconds, when its method does not say: one that only reads, and one that writes. */
const READ_MS = 2000
const WRITE_MS = 5000

/** What an outgoing call keeps of the remaining time of the call that caused it, milliseconds. */
const RESERVE_MS = 50

/** What the value of a text header may consist of. */
const METADATA_TEXT = /^[ -~]*$/

/** What goes with a call. */
export type Outgoing = {
  token?: string | undefined
  requestId?: string | undefined
  /** The call that causes this one: its deadline and cancellation go on. */
  parent?: ServerCall | undefined
  /** More headers: `idempotency-key`. */
  metadata?: Metadata
  /** Milliseconds. Default: what the method's contract says; else 2,000 for a read, 5,000 for a write, 900,000 for a stream. */
  timeoutMs?: number
}

/** The calls of a service as promises; streams as async iterables, which cancel the call when they are left. */
export type Stub<S extends RpcService> = {
  [K in keyof S]: S[K]['responseStream'] extends true
    ? (request: RequestOf<S[K]>, outgoing?: Outgoing) => AsyncIterable<ResponseOf<S[K]>>
    : (request: RequestOf<S[K]>, outgoing?: Outgoing) => Promise<ResponseOf<S[K]>>
}

/** A connection to one service of the mesh, shared by all stubs for it. */
export type Channel = { service: string; client: Client; contract: Contract; close(): void }

/**
 * Opens a channel to `service` at a gRPC target. It connects when first used, spreads calls over all addresses, and repeats a
 * read that the contract says has no side effects when the server is unavailable (once, after some 50 ms, and not when
 * much fails).
 */
export function openChannel({
  contract,
  mesh,
  service,
  target,
}: {
  contract: Contract
  mesh: Mesh
  service: string
  target: string
}): Channel {
  const client = new Client(target, mesh.channelCredentials(service), {
    // Names the server in TLS, also where the target is an address. Who it is, its SPIFFE id says.
    'grpc.ssl_target_name_override': service,
    'grpc.service_config': JSON.stringify(serviceConfig(contract)),
    // With the default of 30 s a rolling update fails a quarter of the calls (measured on a cluster); with 1 s none.
    'grpc.dns_min_time_between_resolutions_ms': 1000,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2000,
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.enable_channelz': 0,
  })
  return { service, client, contract, close: () => client.close() }
}

/** The calls of one proto service on a channel. */
export function createStub<S extends RpcService>(channel: Channel, definition: S): Stub<S> {
  const entries = Object.entries(definition).map(([name, rpc]) => [
    name,
    rpc.responseStream ? streamCall(channel, rpc) : unaryCall(channel, rpc),
  ])
  return Object.fromEntries(entries) as Stub<S>
}

/** What a call takes on of what caused it, also when it goes on after the caller has left: the request id and the trace. */
export function carryOn({ requestId, trace }: Pick<Origin, 'requestId' | 'trace'>): Outgoing {
  const metadata = new Metadata()
  injectTrace(trace, metadata)
  return { requestId, metadata }
}

/** What a call made in a handler takes on: the user's token, the request id, the trace, the deadline and the cancellation. */
export const forward = ({ inherited, ...cause }: Origin): Outgoing => ({
  ...carryOn(cause),
  token: inherited.token,
  parent: inherited.call,
})

function unaryCall({ service, client, contract }: Channel, rpc: Rpc) {
  const method = contract.methods.get(rpc.path)
  const longest = method?.deadlineMs ?? (method?.readOnly ? READ_MS : WRITE_MS)
  return (request: unknown, outgoing: Outgoing = {}) =>
    new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, response?: unknown) =>
        error ? reject(named(error, service)) : resolve(response)
      const { metadata, options } = callOptions(outgoing, longest)
      client.makeUnaryRequest(rpc.path, rpc.requestSerialize, rpc.responseDeserialize, request, metadata, options, done)
    })
}

function streamCall({ service, client, contract }: Channel, rpc: Rpc) {
  const longest = contract.methods.get(rpc.path)?.deadlineMs ?? LONGEST_STREAM_MS
  return async function* (request: unknown, outgoing: Outgoing = {}) {
    const { metadata, options } = callOptions(outgoing, longest)
    const stream: ClientReadableStream<unknown> = client.makeServerStreamRequest(
      rpc.path,
      rpc.requestSerialize,
      rpc.responseDeserialize,
      request,
      metadata,
      options,
    )
    // Leaving the loop does not end the call, and an error after that must not end the process.
    stream.on('error', () => undefined)
    try {
      yield* stream
    } catch (error) {
      throw named(error as Error, service)
    } finally {
      stream.cancel()
    }
  }
}

/** Notes in the error of a call which service was called, so that `toAppError` can say it. */
const named = (error: Error, service: string) => Object.assign(error, { service })

function callOptions({ token, requestId, parent, metadata = new Metadata(), timeoutMs }: Outgoing, longest: number) {
  if (token !== undefined) {
    // The error of `set` would have the token in its message.
    if (!METADATA_TEXT.test(token)) throw invalidToken()
    metadata.set('authorization', `Bearer ${token}`)
  }
  if (requestId !== undefined) metadata.set('x-request-id', requestId)
  const inherited = parent ? Number(parent.getDeadline()) - RESERVE_MS : Number.POSITIVE_INFINITY
  const deadline = Math.min(Date.now() + (timeoutMs ?? longest), inherited)
  const causes = parent ? { parent, propagate_flags: propagate.CANCELLATION } : {}
  return { metadata, options: { deadline, ...causes } }
}

function serviceConfig(contract: Contract) {
  const reads = [...contract.methods.values()].filter((method) => method.readOnly && !method.serverStreaming)
  return {
    loadBalancingConfig: [{ outlier_detection: { success_rate_ejection: {}, child_policy: [{ round_robin: {} }] } }],
    retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
    methodConfig: [
      {
        name: reads.map(({ service, name }) => ({ service, method: name })),
        retryPolicy: {
          // A read that ends its server must not end a third one.
          maxAttempts: 2,
          initialBackoff: '0.05s',
          maxBackoff: '0.5s',
          backoffMultiplier: 2,
          retryableStatusCodes: ['UNAVAILABLE'],
        },
      },
    ],
  }
}
