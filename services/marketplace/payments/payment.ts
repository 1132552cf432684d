/** The provider that this folder is the adapter of, as transactions name it. */
export const PROVIDER = 'stripe'

/** Money that a buyer pays, in minor units: 1999n and USD are 19.99 US dollars. */
export type Money = { amount: bigint; currency: string }

/** How a payment is. */
export type PaymentStatus =
  /** Nothing was attempted. */
  | 'REQUIRES_CONFIRMATION'
  /** The buyer would have to prove that it is they. We never ask for that: such a payment is cancelled. */
  | 'REQUIRES_ACTION'
  /** The provider may still take the money. It cannot be cancelled. */
  | 'PROCESSING'
  | 'SUCCEEDED'
  /** The buyer's bank refused the last attempt. Another attempt is possible until the payment is cancelled. */
  | 'DECLINED'
  /** No money was taken, and none can be any more. */
  | 'CANCELED'

/** A payment, as the provider has it. */
export type Payment = Money & {
  /** The provider's id, `pi_…`. */
  reference: string
  status: PaymentStatus
  /** Of one that succeeded what was received, of others what is asked for. */
  amount: bigint
  /** Why it was declined, also when it was cancelled after that: a code of Stripe's documentation, such as `insufficient_funds`. */
  declineCode?: string
}

/** How a refund is. One that succeeded may still fail later: banks can send the money back. */
export type RefundStatus = 'PENDING' | 'SUCCEEDED' | 'FAILED'

/** Money that goes back to the buyer, as the provider has it. */
export type Refund = Money & {
  /** The provider's id, `re_…`. */
  reference: string
  /** The payment's. */
  payment: string
  status: RefundStatus
}

/** What the provider tells by an event. It is a hint to look, and carries no truth, except of disputes. */
export type PaymentEvent = {
  /** The provider's id of the event, `evt_…`: the same whenever it is sent again. */
  id: string
  /** OTHER: nothing of ours, or a bank's inquiry, by which no money moves. */
  kind: 'PAYMENT' | 'REFUND' | 'DISPUTE_OPENED' | 'DISPUTE_WON' | 'DISPUTE_LOST' | 'OTHER'
  /** The payment that it is about. Undefined only for OTHER. */
  payment: string | undefined
}
