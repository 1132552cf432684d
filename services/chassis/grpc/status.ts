import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { BadRequest, ErrorInfo, RetryInfo } from '#contracts/gen/google/rpc/error_details.ts'
import { Status } from '#contracts/gen/google/rpc/status.ts'
import { type AppError, deadlineExceeded, internal, isAppError, unavailable } from '../errors.ts'
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
  return mongoFailure(error) ?? databaseFailure(error) ?? internal(error)
}

/**
 * Whether the same may succeed later: a part that it needs does not answer, or something else was in the way (a conflict, a time
 * limit). Undefined: it fails each time.
 */
export function retryOf(error: unknown): 'unavailable' | 'conflict' | undefined {
  const { code } = toAppError(error)
  if (code === status.UNAVAILABLE) return 'unavailable'
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

function dependencyFailure(error: ServiceError): AppError {
  if (error.code === status.DEADLINE_EXCEEDED) return deadlineExceeded(error)
  if (error.code === status.UNAVAILABLE || error.code === status.CANCELLED) return unavailable('another service', error)
  return internal(error)
}

const any = (name: string, value: Uint8Array) => ({
  typeUrl: `${TYPE_URL}google.rpc.${name}`,
  value: Buffer.from(value),
})

const duration = (ms: number) => ({ seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.round((ms % 1000) * 1e6) })
