import type Stripe from 'stripe'
import type { PaymentEvent } from './payment.ts'
import { PaymentError } from './payment-error.ts'

/** Seconds for which the signature of an event is valid. */
export const TOLERANCE_SECONDS = 300

/**
 * Reads an event that the provider has signed. `body` are the bytes as they came, `signature` is the header `Stripe-Signature`. Throws EVENT_NOT_SIGNED
 * when no signature of the last five minutes fits every byte, and EVENT_UNREADABLE when it is no event.
 */
export function readEvent(
  webhooks: Stripe['webhooks'],
  secret: string,
  body: Uint8Array,
  signature: string,
): PaymentEvent {
  const text = textOf(body)
  try {
    webhooks.signature!.verifyHeader(text, signature, secret, TOLERANCE_SECONDS)
  } catch {
    // Of some headers that are nonsense it throws something else than for others.
    throw notSigned()
  }
  const event = parse(text)
  const object = event.data?.object
  const kind = kindOf(event.type, String(object?.status))
  const payment = event.type.startsWith('payment_intent.') ? object?.id : object?.payment_intent
  // A refund or a dispute of money that was never a payment of ours has none.
  if (typeof payment !== 'string' || !/^pi_\w{1,200}$/.test(payment))
    return { id: event.id, kind: 'OTHER', payment: undefined }
  return { id: event.id, kind, payment }
}

type Event = {
  id: string
  type: string
  data?: { object?: { id?: unknown; payment_intent?: unknown; status?: unknown } }
}

function parse(text: string): Event {
  try {
    const event = JSON.parse(text) as Partial<Event> | null
    const { id, type } = event ?? {}
    const isEvent = typeof id === 'string' && /^evt_\w{1,200}$/.test(id) && typeof type === 'string'
    if (isEvent) return event as Event
  } catch {
    // It is no JSON.
  }
  throw unreadable()
}

function kindOf(type: string, status: string): PaymentEvent['kind'] {
  if (/^payment_intent\.(succeeded|payment_failed|canceled|processing)$/.test(type)) return 'PAYMENT'
  if (/^(charge\.refunded|refund\.(created|updated|failed))$/.test(type)) return 'REFUND'
  if (type === 'charge.dispute.created' && !status.startsWith('warning_')) return 'DISPUTE_OPENED'
  if (type === 'charge.dispute.closed' && status === 'won') return 'DISPUTE_WON'
  if (type === 'charge.dispute.closed' && status === 'lost') return 'DISPUTE_LOST'
  return 'OTHER'
}

// The package signs the text that it decodes, in which different bytes can become the same: only strict decoding keeps them apart.
function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    throw notSigned()
  }
}

const notSigned = () =>
  new PaymentError(
    'refused',
    'EVENT_NOT_SIGNED',
    'the event is not signed by the payment provider, or was signed too long ago',
  )

const unreadable = () => new PaymentError('refused', 'EVENT_UNREADABLE', 'this is no event of the payment provider')
