/**
 * What is known after a call that failed:
 *
 * - `refused`: it had no effect, and the same call never will.
 * - `unknown`: it may have had its effect, or may still have it. Look at the payment by `retrieve` before anything else.
 * - `configuration`: it had no effect, and the operator must act.
 */
export type PaymentErrorKind = 'refused' | 'unknown' | 'configuration'

/** Why a call failed, by kind. */
export type PaymentErrorReason =
  | 'PAYMENT_METHOD_UNKNOWN'
  | 'NOT_FOUND'
  | 'DISPUTED'
  | 'KEY_REUSED'
  | 'AMOUNT_REFUSED'
  | 'EVENT_NOT_SIGNED'
  | 'EVENT_UNREADABLE'
  | 'REJECTED'
  | 'TIMEOUT'
  | 'CONNECTION_FAILED'
  | 'PROVIDER_FAILED'
  | 'IN_PROGRESS'
  | 'THROTTLED'
  | 'ANSWER_UNREADABLE'
  | 'NO_KEY'
  | 'KEY_REFUSED'

const BRAND = Symbol.for('promptforge.PaymentError')

/** A call of the payment provider that failed. It never has anything of the provider's own words: these can have parts of keys. */
export class PaymentError extends Error {
  override readonly name = 'PaymentError'
  readonly kind: PaymentErrorKind
  readonly reason: PaymentErrorReason
  /** The provider's id of the request, `req_…`, by which its support finds it. */
  readonly requestId: string | undefined
  constructor(kind: PaymentErrorKind, reason: PaymentErrorReason, message: string, requestId?: string) {
    super(message)
    this.kind = kind
    this.reason = reason
    this.requestId = requestId
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/** Recognises a PaymentError also when it comes from another realm. */
export const isPaymentError = (error: unknown): error is PaymentError =>
  typeof error === 'object' && error !== null && BRAND in error

/** What matters here of an error of the package stripe. */
export type StripeFailure = {
  type: string
  statusCode?: number
  code?: string
  param?: string
  requestId?: string
  detail?: unknown
  payment_intent?: object
}

/** Whether it is an error of the package stripe. */
export const isStripeFailure = (error: unknown): error is StripeFailure =>
  error instanceof Error && 'type' in error && String(error.type).startsWith('Stripe')

/** What is known after a call that the package stripe says has failed. */
export function sortFailure(error: StripeFailure): PaymentError {
  const { type, statusCode = 0, code, param, detail } = error
  const requestId = /^req_\w{1,60}$/.test(error.requestId ?? '') ? error.requestId : undefined
  const unknown = (reason: PaymentErrorReason, message: string) =>
    new PaymentError('unknown', reason, `the payment provider ${message}`, requestId)
  const refused = (reason: PaymentErrorReason, message: string) =>
    new PaymentError('refused', reason, `the payment provider ${message}`, requestId)

  if (type === 'StripeConnectionError') {
    const isLate = (detail as { code?: unknown } | undefined)?.code === 'ETIMEDOUT'
    return isLate
      ? unknown('TIMEOUT', 'did not answer in time')
      : unknown('CONNECTION_FAILED', 'could not be reached, or the connection broke')
  }
  if (statusCode === 401 || statusCode === 403) {
    const message = `the payment provider refuses our key (${statusCode}): correct PF_PAYMENTS_KEY`
    return new PaymentError('configuration', 'KEY_REFUSED', message, requestId)
  }
  if (statusCode === 409) return unknown('IN_PROGRESS', 'still works on the same request')
  if (statusCode === 429 || code === 'rate_limit' || code === 'lock_timeout')
    return unknown('THROTTLED', 'has too many requests')
  if (statusCode >= 500) return unknown('PROVIDER_FAILED', `failed (${statusCode})`)
  if (statusCode < 400) return unknown('ANSWER_UNREADABLE', 'answered what cannot be read')
  if (type === 'StripeIdempotencyError')
    return refused('KEY_REUSED', 'had another request with the same idempotency key')
  if (code === 'resource_missing')
    return param === 'payment_method'
      ? refused('PAYMENT_METHOD_UNKNOWN', 'does not know this payment method: use another')
      : refused('NOT_FOUND', 'does not know this payment')
  if (code === 'charge_disputed') return refused('DISPUTED', 'refunds nothing that is disputed')
  if (code === 'amount_too_small' || code === 'amount_too_large')
    return refused('AMOUNT_REFUSED', 'does not take payments of this amount')
  return refused('REJECTED', `refused the request (${statusCode})`)
}
