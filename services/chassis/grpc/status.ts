import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { BadRequest, ErrorInfo, RetryInfo } from '#contracts/gen/google/rpc/error_details.ts'
import { Status } from '#contracts/gen/google/rpc/status.ts'
import { ErrorReason } from '#contracts/gen/promptforge/error/v1/error.ts'
import { AppError, deadlineExceeded, internal, isAppError, type Reason, unavailable } from '../errors.ts'
import { databaseFailure } from '../db/failures.ts'
import { mongoFailure } from '../db/mongo-failures.ts'

/** The `domain` of every ErrorInfo. */
export const ERROR_DOMAIN = 'promptforge'

const TYPE_URL = 'type.googleapis.com/'
const DETAILS_KEY = 'grpc-status-details-bin'

/** What a server answers a failed call with. */
export type GrpcStatus = { code: status; details: string; metadata: Metadata }

/**
 * Turns whatever was thrown into the AppError that the caller gets. This is a security boundary: only an AppError's own
 * message is shown; what a database, another service or a bug says stays in `cause`, for the log.
 */
export function toAppError(error: unknown): AppError {
  if (isAppError(error)) return error
  if (isServiceError(error)) return dependencyFailure(error)
  return fetchFailure(error) ?? mongoFailure(error) ?? databaseFailure(error) ?? internal(error)
}

/**
 * Whether the same may succeed later: a part that it needs does not answer, or something else was in the way (a conflict, a time
 * limit). Undefined: it fails each time.
 */
export function retryOf(error: unknown): 'unavailable' | 'conflict' | undefined {
  const { code } = toAppError(error)
  if (code === status.UNAVAILABLE || code === status.RESOURCE_EXHAUSTED) return 'unavailable'
  return code === status.ABORTED || code === status.DEADLINE_EXCEEDED ? 'conflict' : undefined
}

/** The wire form of an error: ErrorInfo always, BadRequest and RetryInfo where they apply. */
export function toStatus(error: AppError, requestId: string): GrpcStatus {
  const { code, message, reason, violations, retryAfterMs } = error
  const info = { reason, domain: ERROR_DOMAIN, metadata: { ...error.metadata, request_id: requestId } }
  const details = [any('ErrorInfo', ErrorInfo.encode(ErrorInfo.fromPartial(info)).finish())]
  if (violations.length > 0) {
    const badRequest = BadRequest.fromPartial({ fieldViolations: violations })
    details.push(any('BadRequest', BadRequest.encode(badRequest).finish()))
  }
  const metadata = new Metadata()
  if (retryAfterMs !== undefined) {
    details.push(any('RetryInfo', RetryInfo.encode({ retryDelay: duration(retryAfterMs) }).finish()))
    metadata.set('retry-after', String(Math.ceil(retryAfterMs / 1000)))
  }
  const wire = Status.encode(Status.fromPartial({ code, message, details })).finish()
  metadata.set(DETAILS_KEY, Buffer.from(wire))
  return { code, details: message, metadata }
}

/** What a client reads from a failed call: the reverse of `toStatus`, for callers and tests. */
export function readStatus(error: ServiceError): {
  code: status
  message: string
  reason: string | undefined
  metadata: Record<string, string>
  violations: BadRequest['fieldViolations']
  retryAfterMs: number | undefined
} {
  const [wire] = error.metadata?.get(DETAILS_KEY) ?? []
  const details = wire ? Status.decode(wire as Buffer).details : []
  const find = (name: string) => details.find((detail) => detail.typeUrl === `${TYPE_URL}google.rpc.${name}`)?.value
  const info = find('ErrorInfo')
  const badRequest = find('BadRequest')
  const retry = find('RetryInfo')
  const { reason, metadata } = info ? ErrorInfo.decode(info) : { reason: undefined, metadata: {} }
  const delay = retry && RetryInfo.decode(retry).retryDelay
  return {
    code: error.code,
    message: error.details,
    reason,
    metadata,
    violations: badRequest ? BadRequest.decode(badRequest).fieldViolations : [],
    retryAfterMs: delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6,
  }
}

/** Recognises what grpc-js rejects a call with. */
const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && typeof (error as ServiceError).code === 'number' && 'metadata' in error

/** Whether a call to another service was answered with NOT_FOUND. */
export const isNotFound = (error: unknown) => isServiceError(error) && error.code === status.NOT_FOUND

/** The status of a call that succeeded. */
export const OK = 'OK'

/** The name of a status code, `NOT_FOUND`. */
export const codeName = (code: status) => status[code]

/** A failure that is not the caller's fault and that a log should show as an error. */
export const isFault = ({ code }: AppError) =>
  code === status.INTERNAL || code === status.UNKNOWN || code === status.DATA_LOSS

/** How a failed call is logged: a fault of ours as an error, a part that did not answer (in time) as a warning. */
export function severityOf(error: AppError): 'error' | 'warn' | 'debug' {
  if (isFault(error)) return 'error'
  const isLate = error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED
  return isLate && error.cause ? 'warn' : 'debug'
}

/**
 * What the caller gets when a call to another service failed. What that service said about the request passes on as it is: the caller
 * can do something about it. A status without a reason of ours comes from a proxy or from gRPC itself; with that, and when the service
 * is away, too old or gives up, a part that is needed is unavailable. A fault of the other service stays a fault.
 */
function dependencyFailure(error: ServiceError & { service?: string }): AppError {
  const { code } = error
  const { reason, message, metadata, violations, retryAfterMs } = readStatus(error)
  const part = error.service ? `the ${error.service} service` : 'another service'
  switch (code) {
    case status.DEADLINE_EXCEEDED:
      return deadlineExceeded(error)
    case status.INTERNAL:
    case status.UNKNOWN:
    case status.DATA_LOSS:
    case status.OK:
      return internal(error)
    case status.UNAVAILABLE:
    case status.CANCELLED:
    case status.UNIMPLEMENTED:
      return unavailable(part, error, retryAfterMs)
    case status.INVALID_ARGUMENT:
    case status.NOT_FOUND:
    case status.ALREADY_EXISTS:
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
    case status.RESOURCE_EXHAUSTED:
    case status.FAILED_PRECONDITION:
    case status.ABORTED:
    case status.OUT_OF_RANGE:
      if (!isReason(reason)) return unavailable(part, error)
      return new AppError(code, reason, message, {
        metadata,
        violations,
        cause: error,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      })
  }
}

const isReason = (reason: string | undefined): reason is Reason => reason !== undefined && reason in ErrorReason

/** What Node's `fetch` throws when it gets no answer: a TypeError whose cause is the system's error. */
function fetchFailure(error: unknown): AppError | undefined {
  const { name, message } = (error ?? {}) as { name?: unknown; message?: unknown }
  return name === 'TypeError' && message === 'fetch failed' ? unavailable('another server', error) : undefined
}

const any = (name: string, value: Uint8Array) => ({
  typeUrl: `${TYPE_URL}google.rpc.${name}`,
  value: Buffer.from(value),
})

const duration = (ms: number) => ({ seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.round((ms % 1000) * 1e6) })
