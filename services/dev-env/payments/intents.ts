import type { Book, Changes } from './book.ts'
import { type Method, methodOf } from './methods.ts'
import { type CardError, type Charge, type Intent, newId, seconds } from './objects.ts'
import { badParameter, missing, type Params, Refused } from './wire.ts'

/** What a payment that is ordered to take its time does, and after how many milliseconds. */
export type Slow = { ms: number; end: 'succeeded' | 'failed' }

/**
 * Milliseconds between a payment and its dispute, and between a refund and its later end; and what is ordered: that it takes its time, and what it
 * takes instead of the amount.
 */
export type Surroundings = { laterMs: number; slow?: Slow | undefined; takes?: number | undefined }

/** The most that Stripe takes at once, minor units: of nearly all currencies, and of those in which a usual price has more digits. */
const MOST = 99_999_999
const MOST_OF: Readonly<Record<string, number>> = {
  cop: 9_999_999_999,
  huf: 9_999_999_999,
  idr: 999_999_999_999,
  inr: 999_999_999,
  lbp: 9_999_999_999,
}

/** Creates a PaymentIntent that nobody has confirmed. It must be for cards. */
export function createIntent(params: Params): (changes: Changes) => Intent {
  const amount = params.amount('amount')
  if (amount === undefined) throw badParameter('amount', 'Missing required param: amount.', 'parameter_missing')
  const currency = params.required('currency')
  if (!/^[a-z]{3}$/.test(currency)) throw badParameter('currency', `Invalid currency: ${currency}.`)
  const most = MOST_OF[currency] ?? MOST
  if (amount > most) throw badParameter('amount', `The most is ${most}.`, 'amount_too_large')
  const types = Object.values(params.members('payment_method_types'))
  if (types.join() !== 'card') throw badParameter('payment_method_types', 'Here payment_method_types must be card.')
  const metadata = params.members('metadata')
  const description = params.text('description')
  params.end()
  const id = newId('pi')
  return (changes) =>
    changes.put({
      id,
      object: 'payment_intent',
      amount,
      amount_received: 0,
      canceled_at: null,
      cancellation_reason: null,
      capture_method: 'automatic',
      client_secret: `${id}_secret_${newId('x').slice(2)}`,
      created: seconds(),
      currency,
      ...(description !== undefined && { description }),
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      metadata,
      next_action: null,
      payment_method: null,
      payment_method_types: types,
      status: 'requires_payment_method',
    })
}

/** Confirms it: from here on money may move. */
export function confirmIntent(
  params: Params,
  book: Book,
  id: string,
  { laterMs, slow, takes }: Surroundings,
): (changes: Changes) => Intent {
  const name = params.text('payment_method')
  const failsOnAction = params.flag('error_on_requires_action')
  params.end()
  return (changes) => {
    const intent = existing(book, id)
    if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status))
      throw wrongState(intent, 'confirm')
    if (name === undefined) throw wrongState(intent, 'confirm, without a payment method,')
    const method = methodOf(name)
    if (!method) throw missing('PaymentMethod', name, 'payment_method', 400)
    const chosen = { ...intent, payment_method: name, last_payment_error: null, next_action: null }
    if (method.needsAction && !failsOnAction)
      return changes.put({ ...chosen, status: 'requires_action', next_action: { type: 'use_stripe_sdk' } })
    const decline = method.needsAction ? { code: 'authentication_required' } : method.decline
    if (decline) throw declinedError(refuseMoney(changes, chosen, name, decline))
    const begun = { ...newCharge(chosen, name), amount: takes ?? chosen.amount }
    if (!slow) return takeMoney(changes, chosen, begun, method, laterMs)
    const charge = changes.put({ ...begun, status: 'pending' as const })
    const processing = changes.put({ ...chosen, latest_charge: charge.id, status: 'processing' as const })
    changes.emit('payment_intent.processing', processing)
    changes.endLater('payment', id, slow.end, slow.ms)
    return processing
  }
}

/** What a payment that was processing comes to. */
export function endProcessing(changes: Changes, book: Book, id: string, end: Slow['end'], laterMs: number): void {
  const intent = existing(book, id)
  const charge = book.charge(intent.latest_charge)
  if (intent.status !== 'processing' || !charge) return
  const name = charge.payment_method
  if (end === 'succeeded') takeMoney(changes, intent, charge, methodOf(name) ?? {}, laterMs)
  else refuseMoney(changes, intent, name, { code: 'card_declined', declineCode: 'generic_decline' }, charge)
}

/** Ends it without money. Stripe refuses this once money has been taken, and while it may be. */
export function cancelIntent(params: Params, book: Book, id: string): (changes: Changes) => Intent {
  const reason = params.text('cancellation_reason') ?? null
  params.end()
  return (changes) => {
    const intent = existing(book, id)
    if (['processing', 'succeeded', 'canceled'].includes(intent.status)) throw wrongState(intent, 'cancel')
    const canceled = changes.put({
      ...intent,
      status: 'canceled' as const,
      canceled_at: seconds(),
      cancellation_reason: reason,
    })
    changes.emit('payment_intent.canceled', canceled)
    return canceled
  }
}

/** The payments of a transaction that have a status: the one question of Stripe's query language that is asked here. It is answered at once, which Stripe's is not. */
export function searchIntents(params: Params, book: Book) {
  const query = params.required('query')
  const limit = params.amount('limit') ?? 10
  params.end()
  const [, transaction, status] = /^metadata\["transaction"\]:"([^"]+)" AND status:"(\w+)"$/.exec(query) ?? []
  if (transaction === undefined || status === undefined)
    throw badParameter('query', `Here a query must be metadata["transaction"]:"…" AND status:"…", not ${query}`)
  return () => {
    const all = book.intentsOf(transaction, status)
    const data = all.slice(0, limit)
    return { object: 'search_result', url: '/v1/payment_intents/search', has_more: all.length > limit, data }
  }
}

/** The PaymentIntent. Throws when there is none. */
export function existing(book: Book, id: string): Intent {
  const intent = book.intent(id)
  if (!intent) throw missing('payment_intent', id, 'intent')
  return intent
}

const newCharge = (intent: Intent, method: string): Charge => ({
  id: newId('ch'),
  object: 'charge',
  amount: intent.amount,
  amount_captured: 0,
  amount_refunded: 0,
  captured: true,
  created: seconds(),
  currency: intent.currency,
  disputed: false,
  failure_code: null,
  livemode: false,
  metadata: intent.metadata,
  paid: false,
  payment_intent: intent.id,
  payment_method: method,
  refunded: false,
  status: 'pending',
})

function takeMoney(changes: Changes, intent: Intent, charge: Charge, method: Method, laterMs: number): Intent {
  const { id, amount } = changes.put({ ...charge, status: 'succeeded', paid: true, amount_captured: charge.amount })
  if (method.dispute) changes.endLater('dispute', id, 'succeeded', laterMs)
  const paid = changes.put({ ...intent, status: 'succeeded' as const, amount_received: amount, latest_charge: id })
  changes.emit('payment_intent.succeeded', paid)
  return paid
}

function refuseMoney(
  changes: Changes,
  intent: Intent,
  method: string,
  { code, declineCode }: NonNullable<Method['decline']>,
  begun = newCharge(intent, method),
): Intent {
  const charge = changes.put({ ...begun, status: 'failed' as const, failure_code: code })
  const error: CardError = {
    type: 'card_error',
    code,
    ...(declineCode !== undefined && { decline_code: declineCode }),
    charge: charge.id,
    message: `Your card was declined (${method}).`,
    payment_method: { id: method, object: 'payment_method', type: 'card' },
  }
  const declined = changes.put({
    ...intent,
    status: 'requires_payment_method' as const,
    payment_method: null,
    last_payment_error: error,
    latest_charge: charge.id,
  })
  changes.emit('payment_intent.payment_failed', declined)
  return declined
}

const declinedError = (intent: Intent) => new Refused(402, { ...intent.last_payment_error!, payment_intent: intent })

const wrongState = (intent: Intent, what: string) =>
  new Refused(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_unexpected_state',
    message: `You cannot ${what} this PaymentIntent because it has a status of ${intent.status}.`,
    payment_intent: intent,
  })
