import { randomBytes } from 'node:crypto'

type Metadata = Record<string, string>

/** Seconds since 1970. */
type Seconds = number

/** A PaymentIntent, with the members of Stripe's that matter here. */
export type Intent = {
  id: string
  object: 'payment_intent'
  amount: number
  amount_received: number
  canceled_at: Seconds | null
  cancellation_reason: string | null
  capture_method: 'automatic'
  client_secret: string
  created: Seconds
  currency: string
  last_payment_error: CardError | null
  latest_charge: string | null
  livemode: false
  metadata: Metadata
  next_action: { type: string } | null
  payment_method: string | null
  payment_method_types: string[]
  status:
    'requires_payment_method' | 'requires_confirmation' | 'requires_action' | 'processing' | 'succeeded' | 'canceled'
}

/** Why a card was refused. */
export type CardError = {
  type: 'card_error'
  code: string
  decline_code?: string
  charge?: string
  message: string
  payment_method?: { id: string; object: 'payment_method'; type: 'card' }
}

/** An attempt to take money. */
export type Charge = {
  id: string
  object: 'charge'
  amount: number
  amount_captured: number
  amount_refunded: number
  captured: boolean
  created: Seconds
  currency: string
  disputed: boolean
  failure_code: string | null
  livemode: false
  metadata: Metadata
  paid: boolean
  payment_intent: string
  payment_method: string
  refunded: boolean
  status: 'succeeded' | 'failed' | 'pending'
}

/** Money that goes back. */
export type Refund = {
  id: string
  object: 'refund'
  amount: number
  charge: string
  created: Seconds
  currency: string
  failure_reason?: string
  metadata: Metadata
  payment_intent: string
  reason: string | null
  status: 'pending' | 'succeeded' | 'failed'
}

/** A payment that its buyer contests at the bank. */
export type Dispute = {
  id: string
  object: 'dispute'
  amount: number
  charge: string
  created: Seconds
  currency: string
  livemode: false
  payment_intent: string
  reason: string
  status: 'needs_response' | 'warning_needs_response' | 'warning_closed' | 'won' | 'lost'
}

/** Whatever the provider keeps. */
export type Kept = Intent | Charge | Refund | Dispute

/** A new id: `pi_` and 24 characters. */
export const newId = (prefix: string) => `${prefix}_${randomBytes(12).toString('hex')}`

/** Now, in Stripe's seconds. */
export const seconds = (now = Date.now()): Seconds => Math.floor(now / 1000)
