import { Metadata, type ServerUnaryCall, type UntypedHandleCall } from '@grpc/grpc-js'
import type { Method } from '#contracts/contract.ts'
import { assertAudited } from '../audit.ts'
import { type AppError, cancelled, isAppError } from '../errors.ts'
import { type Begun, createAdmission, type ServerParts } from './admit.ts'
import type { Handler, Rpc, StreamHandler } from './call.ts'
import type { ServerCall } from './peer.ts'
import { requestIdOf } from './request.ts'
import type { RawStream, RunningStreams } from './running-streams.ts'
import { createSender } from './sender.ts'
import { endInTime } from './stream-ends.ts'
import { codeName, OK, type GrpcStatus, isFault, severityOf, toAppError, toStatus } from './status.ts'

/** What handlers need of their server: what each does, and its streams. */
export type HandlerParts = ServerParts & { streams: RunningStreams }

/** Adapts a handler to grpc-js: admission, errors, headers, metrics, log and trace stand here, once for all RPCs. */
export function adapt(parts: HandlerParts, method: Method, rpc: Rpc, handler: unknown): UntypedHandleCall {
  const adapted = rpc.responseStream
    ? adaptStream(parts, method, rpc, handler as StreamHandler<unknown, unknown>)
    : adaptUnary(parts, method, rpc, handler as Handler<unknown, unknown>)
  return adapted as UntypedHandleCall
}

function adaptUnary(parts: ServerParts, method: Method, rpc: Rpc, handler: Handler<unknown, unknown>) {
  const admit = createAdmission(parts, method, rpc)
  const begin = createBeginning(parts, method)
  return (raw: ServerUnaryCall<unknown, unknown>, callback: (error: unknown, response?: unknown) => void) => {
    const { begun, succeed, fail } = begin(raw)
    const run = async () => {
      const { request, call } = await admit(raw, begun)
      const response = await handler(request, call)
      assertAudited(call.origin.duty)
      return response
    }
    run().then(
      (response) => {
        succeed()
        raw.sendMetadata(begun.headers)
        callback(null, response)
      },
      (thrown: unknown) => callback(fail(thrown)),
    )
  }
}

function adaptStream(parts: HandlerParts, method: Method, rpc: Rpc, handler: StreamHandler<unknown, unknown>) {
  const admit = createAdmission(parts, method, rpc)
  const begin = createBeginning(parts, method)
  return (raw: RawStream) => {
    const { begun, abort, succeed, fail } = begin(raw)
    const ending = parts.streams.add(raw, abort)
    const run = async () => {
      const { request, call } = await admit(raw, begun)
      endInTime(raw, ending, method, call.caller)
      const { setHeader, send } = createSender(raw, begun, (err) =>
        parts.log.error({ method: method.path, requestId: begun.requestId, err }, 'a stream failed after its end'),
      )
      await send(handler(request, Object.assign(call, { ending: ending.signal, setHeader })))
    }
    run().then(
      () => {
        succeed()
        raw.end()
      },
      (thrown: unknown) => raw.emit('error', fail(thrown)),
    )
  }
}

/** Prepares what begins each call of a method: its clock, span and abort signal; `succeed` or `fail` settles them, once; `abort` gives it up. */
function createBeginning({ log, metrics, tracing, onWrite }: ServerParts, { path, readOnly }: Method) {
  const duration = metrics.duration.labels(path)
  const succeeded = metrics.handled.labels(path, OK)

  return (raw: ServerCall) => {
    const started = performance.now()
    const gone = new AbortController()
    let finished = false
    // grpc-js says 'cancelled' at the end of every call, and the reason of an abort takes 5 µs to make.
    raw.on('cancelled', () => {
      if (!finished) gone.abort(cancelled())
    })
    const abort = (reason: AppError) => gone.abort(reason)
    const requestId = requestIdOf(raw.metadata)
    const span = tracing.begin(path, raw.metadata)
    const headers = new Metadata()
    headers.set('x-request-id', requestId)
    const begun: Begun = { requestId, trace: span.context, signal: gone.signal, headers }
    metrics.inFlight.inc()

    const finish = () => {
      finished = true
      metrics.inFlight.dec()
      duration.observe((performance.now() - started) / 1000)
    }
    const succeed = () => {
      finish()
      succeeded.inc()
      if (!readOnly) onWrite()
      span.end(OK, false)
    }
    const fail = (thrown: unknown): GrpcStatus => {
      const error = failure(thrown, gone.signal)
      const code = codeName(error.code)
      const fault = isFault(error)
      finish()
      metrics.handled.inc({ method: path, code })
      span.end(code, fault)
      const record = { method: path, requestId, code, reason: error.reason, err: error.cause ?? error }
      log[severityOf(error)](record, 'call failed')
      const answer = toStatus(error, requestId)
      answer.metadata.set('x-request-id', requestId)
      return answer
    }
    return { begun, abort, succeed, fail }
  }
}

// Work that was given up because the caller went away, or the server shuts down, is no fault, whatever it threw on the way.
const failure = (thrown: unknown, signal: AbortSignal) =>
  toAppError(signal.aborted && !isAppError(thrown) ? signal.reason : thrown)
