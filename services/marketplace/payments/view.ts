import type Stripe from 'stripe'
import { declineCodeOf } from './decline-codes.ts'
import type { Payment, PaymentStatus, Refund, RefundStatus } from './payment.ts'
import { PaymentError } from './payment-error.ts'

/** A payment of Stripe's in our terms. Throws ANSWER_UNREADABLE for one that a payment of ours cannot be. */
export function toPayment(intent: Stripe.PaymentIntent): Payment {
  const { id, status: theirs, amount, amount_received: received, currency, last_payment_error: problem } = intent
  const status = statusOf(theirs, Boolean(problem))
  const money = status === 'SUCCEEDED' ? received : amount
  if (!status || !Number.isSafeInteger(money) || typeof currency !== 'string') throw unreadable()
  return {
    reference: id,
    status,
    amount: BigInt(money),
    currency: currency.toUpperCase(),
    // A payment that was declined and then cancelled keeps the reason: whoever looks at it later must know it, too.
    ...((status === 'DECLINED' || (status === 'CANCELED' && problem)) && { declineCode: declineCodeOf(problem) }),
  }
}

/** A refund of Stripe's in our terms. */
export function toRefund({ id, payment_intent: of, status: theirs, amount, currency }: Stripe.Refund): Refund {
  const payment = typeof of === 'string' ? of : of?.id
  const status = REFUND_STATUS[theirs ?? '']
  if (payment === undefined || !status || !Number.isSafeInteger(amount)) throw unreadable()
  return { reference: id, payment, status, amount: BigInt(amount), currency: currency.toUpperCase() }
}

function statusOf(theirs: Stripe.PaymentIntent.Status, hasProblem: boolean): PaymentStatus | undefined {
  switch (theirs) {
    case 'requires_payment_method':
      return hasProblem ? 'DECLINED' : 'REQUIRES_CONFIRMATION'
    case 'requires_confirmation':
      return 'REQUIRES_CONFIRMATION'
    case 'requires_action':
      return 'REQUIRES_ACTION'
    case 'processing':
      return 'PROCESSING'
    case 'succeeded':
      return 'SUCCEEDED'
    case 'canceled':
      return 'CANCELED'
    // Only for payments whose money is taken later, which ours are not.
    case 'requires_capture':
      return undefined
  }
}

const REFUND_STATUS: Record<string, RefundStatus> = {
  pending: 'PENDING',
  requires_action: 'PENDING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  canceled: 'FAILED',
}

const unreadable = () =>
  new PaymentError('unknown', 'ANSWER_UNREADABLE', 'the payment provider answered what cannot be read')
