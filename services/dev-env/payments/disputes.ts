import type { Book, Changes } from './book.ts'
import { methodOf } from './methods.ts'
import { type Dispute, newId, seconds } from './objects.ts'
import { missing, Refused } from './wire.ts'

/** The buyer's bank disputes a charge. An inquiry only asks, and moves no money. */
export function openDispute(
  changes: Changes,
  book: Book,
  charge: string,
  { reason, isInquiry } = { reason: 'fraudulent', isInquiry: false },
): Dispute {
  const disputed = book.charge(charge)
  if (!disputed) throw missing('charge', charge, 'charge')
  if (!disputed.paid) throw refuse(`Charge ${charge} took no money.`)
  if (disputed.disputed) throw refuse(`Charge ${charge} is disputed already.`)
  changes.put({ ...disputed, disputed: !isInquiry })
  const dispute = changes.put({
    id: newId('dp'),
    object: 'dispute' as const,
    amount: disputed.amount,
    charge,
    created: seconds(),
    currency: disputed.currency,
    livemode: false as const,
    payment_intent: disputed.payment_intent,
    reason,
    status: isInquiry ? ('warning_needs_response' as const) : ('needs_response' as const),
  })
  changes.emit('charge.dispute.created', dispute)
  return dispute
}

/** The dispute that a test payment method is for. */
export function openLater(changes: Changes, book: Book, charge: string): void {
  const { payment_method: method = '', disputed = true } = book.charge(charge) ?? {}
  const dispute = methodOf(method)?.dispute
  if (dispute && !disputed) openDispute(changes, book, charge, dispute)
}

/** The bank has decided: for the seller (`won`), or for the buyer. It may find for the seller after all later. A won charge may be refunded again. */
export function closeDispute(changes: Changes, book: Book, id: string, status: 'won' | 'lost'): Dispute {
  const dispute = book.dispute(id)
  const charge = book.charge(dispute?.charge ?? null)
  if (!dispute || !charge) throw missing('dispute', id, 'dispute')
  const isInquiry = dispute.status === 'warning_needs_response'
  const isReversed = dispute.status === 'lost' && status === 'won'
  if (dispute.status !== 'needs_response' && !isInquiry && !isReversed) throw refuse(`Dispute ${id} is closed already.`)
  if (status === 'won') changes.put({ ...charge, disputed: false })
  const closed = changes.put({ ...dispute, status: isInquiry ? ('warning_closed' as const) : status })
  changes.emit('charge.dispute.closed', closed)
  return closed
}

const refuse = (message: string) => new Refused(400, { type: 'invalid_request_error', message })
