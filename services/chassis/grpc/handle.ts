import { once } from 'node:events'
import {
  Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js'
import type { Method } from '#contracts/contract.ts'
import { type AppError, cancelled, isAppError } from '../errors.ts'
import { type Begun, createAdmission, type ServerParts } from './admit.ts'
import type { Handler, Rpc, StreamHandler } from './call.ts'
import type { ServerCall } from './peer.ts'
import { requestIdOf } from './request.ts'
import { codeName, isFault, toAppError, toStatus } from './status.ts'

/** Adapts a handler to grpc-js: admission, errors, headers, metrics, log and trace stand here, once for all RPCs. */
export function adapt(parts: ServerParts, method: Method, rpc: Rpc, handler: unknown): UntypedHandleCall {
  const adapted = rpc.responseStream
    ? adaptStream(parts, method, rpc, handler as StreamHandler<unknown, unknown>)
    : adaptUnary(parts, method, rpc, handler as Handler<unknown, unknown>)
  return adapted as UntypedHandleCall
}

function adaptUnary(parts: ServerParts, method: Method, rpc: Rpc, handler: Handler<unknown, unknown>) {
  const admit = createAdmission(parts, method, rpc)
  return (raw: ServerUnaryCall<unknown, unknown>, callback: (error: unknown, response?: unknown) => void) => {
    const { begun, end } = begin(parts, method, raw)
    const run = async () => {
      const { request, call } = await admit(raw, begun)
      return handler(request, call)
    }
    run().then(
      (response) => {
        end()
        raw.sendMetadata(begun.headers)
        callback(null, response)
      },
      (thrown: unknown) => callback(end(thrown)),
    )
  }
}

function adaptStream(parts: ServerParts, method: Method, rpc: Rpc, handler: StreamHandler<unknown, unknown>) {
  const admit = createAdmission(parts, method, rpc)
  return (raw: ServerWritableStream<unknown, unknown>) => {
    const { begun, end } = begin(parts, method, raw)
    const run = async () => {
      const { request, call } = await admit(raw, begun)
      raw.sendMetadata(begun.headers)
      for await (const message of handler(request, call)) {
        if (!raw.write(message)) await once(raw, 'drain', { signal: begun.signal })
        if (begun.signal.aborted) throw cancelled()
      }
    }
    run().then(
      () => {
        end()
        raw.end()
      },
      (thrown: unknown) => raw.emit('error', end(thrown)),
    )
  }
}

/** Starts a call's clock, span and abort signal. `end` settles them once and answers with the status for what was thrown. */
function begin({ log, metrics, tracing }: ServerParts, method: Method, raw: ServerCall) {
  const started = performance.now()
  const gone = new AbortController()
  const requestId = requestIdOf(raw.metadata)
  const span = tracing.begin(method.path, raw.metadata)
  const headers = new Metadata()
  headers.set('x-request-id', requestId)
  const begun: Begun = { requestId, trace: span.context, signal: gone.signal, headers }
  metrics.inFlight.inc()
  raw.on('cancelled', () => gone.abort())

  const end = (thrown?: unknown) => {
    const error = thrown === undefined ? undefined : failure(thrown, gone.signal)
    const code = codeName(error?.code ?? status.OK)
    const fault = error !== undefined && isFault(error)
    metrics.inFlight.dec()
    metrics.handled.inc({ method: method.path, code })
    metrics.duration.observe({ method: method.path }, (performance.now() - started) / 1000)
    span.end(code, fault)
    if (error) record(fault ? 'error' : 'debug', error, code)
    if (!error) return undefined
    const answer = toStatus(error, requestId)
    answer.metadata.set('x-request-id', requestId)
    return answer
  }

  const record = (level: 'error' | 'debug', error: AppError, code: string) =>
    log[level]({ method: method.path, requestId, code, reason: error.reason, err: error.cause ?? error }, 'call failed')

  return { begun, end }
}

// Work that was given up because the caller went away is no fault, whatever it threw on the way.
const failure = (thrown: unknown, signal: AbortSignal) =>
  signal.aborted && !isAppError(thrown) ? cancelled() : toAppError(thrown)
