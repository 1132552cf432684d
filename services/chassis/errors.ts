import { status } from '@grpc/grpc-js'
import type { ErrorReason } from '#contracts/gen/promptforge/error/v1/error.ts'

/** A name of `promptforge.error.v1.ErrorReason` that may be sent. */
export type Reason = Exclude<keyof typeof ErrorReason, 'UNSPECIFIED' | 'UNRECOGNIZED'>

/** A rule that one field of a request breaks. `field` is its proto path, `variables[2].name`; empty for the whole message. */
export type Violation = { field: string; description: string }

type Details = {
  /** For a program: sent as ErrorInfo.metadata. Never a secret. */
  metadata?: Record<string, string>
  /** Sent as BadRequest. */
  violations?: Violation[]
  /** Sent as RetryInfo: milliseconds after which the same request may succeed. */
  retryAfterMs?: number
  /** For the log only. */
  cause?: unknown
}

const BRAND = Symbol.for('promptforge.AppError')

/**
 * The one error that domain code throws: a gRPC code, a reason for programs, and a message that is safe to show. Everything
 * else that is thrown reaches the client as INTERNAL with a fixed text (see `grpc/status.ts`).
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: status
  readonly reason: Reason
  readonly metadata: Record<string, string>
  readonly violations: Violation[]
  readonly retryAfterMs: number | undefined

  constructor(code: status, reason: Reason, message: string, details: Details = {}) {
    super(message, { cause: details.cause })
    this.code = code
    this.reason = reason
    this.metadata = details.metadata ?? {}
    this.violations = details.violations ?? []
    this.retryAfterMs = details.retryAfterMs
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/** Recognises an AppError also when it comes from another realm (each Jest file has its own copy of the class). */
export const isAppError = (error: unknown): error is AppError =>
  typeof error === 'object' && error !== null && BRAND in error

// An error travels in the headers of an answer. Proxies and clients on the way take 8 KiB of them, in which details are base64.
const MAX_VIOLATIONS = 100
const MAX_VIOLATIONS_BYTES = 4096
const MAX_NAMED_BYTES = 1024

/** INVALID_ARGUMENT that names every violation as far as there is room, and says how many more there are. */
export const invalid = (violations: Violation[], reason: Reason = 'VALIDATION_FAILED') => {
  const sentence = ({ field, description }: Violation) => (field ? `${field}: ${description}` : description)
  const kept = fitting(violations.slice(0, MAX_VIOLATIONS), MAX_VIOLATIONS_BYTES)
  const named = fitting(kept, MAX_NAMED_BYTES)
  const sentences = named.map(sentence)
  if (violations.length > named.length) sentences.push(`and ${violations.length - named.length} more`)
  return new AppError(status.INVALID_ARGUMENT, reason, sentences.join('; '), { violations: kept })
}

/** The first of them that have together no more bytes than that, and at least one. */
function fitting(violations: Violation[], bytes: number): Violation[] {
  let left = bytes
  return violations.filter(({ field, description }, index) => {
    left -= Buffer.byteLength(field) + Buffer.byteLength(description)
    return index === 0 || left >= 0
  })
}

/** INVALID_ARGUMENT: the request has more than `bytes`. */
export const requestTooLarge = (bytes: number) =>
  new AppError(status.INVALID_ARGUMENT, 'REQUEST_TOO_LARGE', `the request is larger than ${sizeText(bytes)}`)

/** INVALID_ARGUMENT: the request cannot be read, for the reason that `message` says. */
export const rejected = (message: string) => new AppError(status.INVALID_ARGUMENT, 'REQUEST_REJECTED', message)

/** INVALID_ARGUMENT: the request is compressed. 4 KiB of it may be 4 MiB, and answers are what is long. */
export const compressedRequest = () =>
  rejected('compressed requests are not accepted: send it again without grpc-encoding')

/** INVALID_ARGUMENT: the deadline of the request cannot be read. */
export const badTimeout = () =>
  rejected('grpc-timeout is not a number of at most 8 digits with a unit, one of H, M, S, m, u, n')

function sizeText(bytes: number): string {
  const units = { MiB: 1024 ** 2, KiB: 1024 }
  const whole = Object.entries(units).find(([, size]) => bytes % size === 0)
  return whole ? `${bytes / whole[1]} ${whole[0]}` : `${bytes} bytes`
}

/** NOT_FOUND: it does not exist, or the caller may not see it. `what` is a noun, `prompt`. */
export const notFound = (what: string) => new AppError(status.NOT_FOUND, 'RESOURCE_NOT_FOUND', `no such ${what}`)

/** UNAUTHENTICATED. */
export const unauthenticated = (reason: Reason, message: string, details?: Details) =>
  new AppError(status.UNAUTHENTICATED, reason, message, details)

/** PERMISSION_DENIED: only for what the caller may know to exist. */
export const notAllowed = (message: string) => new AppError(status.PERMISSION_DENIED, 'NOT_ALLOWED', message)

/** PERMISSION_DENIED: the API key that the access token was made from lacks this scope. */
export const scopeMissing = (scope: string) =>
  new AppError(
    status.PERMISSION_DENIED,
    'SCOPE_MISSING',
    `this needs an API key with the scope ${scope}: make one, for a key never gets another scope`,
    { metadata: { scope } },
  )

/** ALREADY_EXISTS. `field` is the proto name of the field that collides. */
export const alreadyExists = (reason: Reason, field: string, message: string) =>
  new AppError(status.ALREADY_EXISTS, reason, message, { metadata: { field } })

/** FAILED_PRECONDITION: the same request will not succeed before something else changes. */
export const failedPrecondition = (reason: Reason, message: string, details?: Details) =>
  new AppError(status.FAILED_PRECONDITION, reason, message, details)

/** OUT_OF_RANGE: what is asked for lies before what there is. */
export const outOfRange = (reason: Reason, message: string) => new AppError(status.OUT_OF_RANGE, reason, message)

/** ABORTED: another change was made at the same time. */
export const aborted = (reason: Reason, message: string, details?: Details) =>
  new AppError(status.ABORTED, reason, message, details)

/** ABORTED because `etag` is not the current revision. */
export const staleEtag = (current: string) =>
  aborted('ETAG_STALE', 'the resource changed after you read it: fetch it again and repeat the change', {
    metadata: { etag: current },
  })

/** RESOURCE_EXHAUSTED, to be repeated after `retryAfterMs`. */
export const exhausted = (reason: Reason, message: string, retryAfterMs: number) =>
  new AppError(status.RESOURCE_EXHAUSTED, reason, message, { retryAfterMs })

/** UNAVAILABLE: a part that is needed does not answer. `what` is a noun, `the database`. */
export const unavailable = (what: string, cause?: unknown, retryAfterMs = 1000) =>
  new AppError(status.UNAVAILABLE, 'DEPENDENCY_UNAVAILABLE', `${what} does not answer`, { retryAfterMs, cause })

/** UNAVAILABLE: the resource has not arrived yet; to be repeated after `retryAfterMs`. */
export const notReady = (reason: Reason, message: string, retryAfterMs: number) =>
  new AppError(status.UNAVAILABLE, reason, message, { retryAfterMs })

/** UNAVAILABLE: this replica ends, and with it an unfinished stream; another replica can continue it. */
export const shuttingDown = () =>
  new AppError(
    status.UNAVAILABLE,
    'DEPENDENCY_UNAVAILABLE',
    'this server is shutting down: open the stream again after the last message that you have',
    { retryAfterMs: 1000 },
  )

/** DEADLINE_EXCEEDED. */
export const deadlineExceeded = (cause?: unknown) =>
  new AppError(status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED', 'the deadline passed before the answer was ready', {
    cause,
  })

/** CANCELLED: the caller cancelled the call. */
export const cancelled = () => new AppError(status.CANCELLED, 'CALL_CANCELLED', 'the caller cancelled the call')

/** INTERNAL: a fault of ours; the text never says which. */
export const internal = (cause: unknown) =>
  new AppError(
    status.INTERNAL,
    'INTERNAL_ERROR',
    'an internal error occurred: report the request id, by which we find it in the logs',
    {
      cause,
    },
  )
