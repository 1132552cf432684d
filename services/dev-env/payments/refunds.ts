import type { Book, Changes } from './book.ts'
import { existing, type Surroundings } from './intents.ts'
import { methodOf } from './methods.ts'
import { type Charge, newId, type Refund, seconds } from './objects.ts'
import { missing, type Params, Refused } from './wire.ts'

/** Gives money back: all that is left of the payment, or `amount`. */
export function createRefund(
  params: Params,
  book: Book,
  { laterMs, slow }: Surroundings,
): (changes: Changes) => Refund {
  const payment = params.required('payment_intent')
  const asked = params.amount('amount')
  const reason = params.text('reason') ?? null
  const metadata = params.members('metadata')
  params.end()
  return (changes) => {
    const charge = book.charge(existing(book, payment).latest_charge)
    if (charge?.status !== 'succeeded')
      throw refuse(undefined, `This PaymentIntent (${payment}) has no successful charge that could be refunded.`)
    if (charge.disputed) throw refuse('charge_disputed', `Charge ${charge.id} has been disputed.`)
    if (charge.refunded) throw refuse('charge_already_refunded', `Charge ${charge.id} has already been refunded.`)
    const left = charge.amount - charge.amount_refunded
    const amount = asked ?? left
    if (amount > left) throw refuse(undefined, `The refund of ${amount} is more than what is left, ${left}.`)
    const later = slow ? { ...slow, isPending: true } : laterOf(charge, laterMs)
    const refund = changes.put({
      id: newId('re'),
      object: 'refund' as const,
      amount,
      charge: charge.id,
      created: seconds(),
      currency: charge.currency,
      metadata,
      payment_intent: payment,
      reason,
      status: later?.isPending ? ('pending' as const) : ('succeeded' as const),
    })
    const refunded = changes.put(withRefunded(charge, charge.amount_refunded + amount))
    if (later) changes.endLater('refund', refund.id, later.end, later.ms)
    changes.emit('refund.created', refund)
    changes.emit('charge.refunded', refunded)
    return refund
  }
}

/** What a refund comes to. One that fails leaves the money with the seller, and may be tried again. */
export function endRefund(changes: Changes, book: Book, id: string, end: 'succeeded' | 'failed'): void {
  const refund = book.refund(id)
  const charge = book.charge(refund?.charge ?? null)
  if (!refund || !charge || refund.status === 'failed' || refund.status === end) return
  if (end === 'succeeded') {
    changes.emit('refund.updated', changes.put({ ...refund, status: end }))
    return
  }
  const failed = changes.put({ ...refund, status: end, failure_reason: 'expired_or_canceled_card' })
  changes.put(withRefunded(charge, charge.amount_refunded - refund.amount))
  changes.emit('refund.updated', failed)
  changes.emit('refund.failed', failed)
}

/** The refund. */
export function retrieveRefund(params: Params, book: Book, id: string): Refund {
  params.end()
  const refund = book.refund(id)
  if (!refund) throw missing('refund', id, 'id')
  return refund
}

/** The refunds of a payment, the newest first. */
export function listRefunds(params: Params, book: Book) {
  const payment = params.required('payment_intent')
  const limit = params.amount('limit') ?? 10
  params.end()
  const all = book.refundsOf(existing(book, payment).id)
  return { object: 'list', url: '/v1/refunds', has_more: all.length > limit, data: all.slice(0, limit) }
}

const withRefunded = (charge: Charge, amount: number): Charge => ({
  ...charge,
  amount_refunded: amount,
  refunded: amount === charge.amount,
})

function laterOf(charge: Charge, ms: number) {
  switch (methodOf(charge.payment_method)?.refund) {
    case 'succeeds later':
      return { ms, end: 'succeeded' as const, isPending: true }
    case 'fails later':
      return { ms, end: 'failed' as const, isPending: false }
    case undefined:
      return undefined
  }
}

const refuse = (code: string | undefined, message: string) =>
  new Refused(400, { type: 'invalid_request_error', ...(code && { code }), message })
