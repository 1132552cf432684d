/** What happens to a payment with one of Stripe's test payment methods. Without any member it succeeds. */
export type Method = {
  /** The bank refuses it. `code` is what Stripe calls the error, `declineCode` the bank's reason. */
  decline?: { code: string; declineCode?: string }
  /** The buyer must prove that it is they (3-D Secure). */
  needsAction?: true
  /** The buyer disputes the payment some time after it. An inquiry moves no money. */
  dispute?: { reason: string; isInquiry: boolean }
  /** A refund is pending at first and then succeeds, or it succeeds at first and then fails. */
  refund?: 'succeeds later' | 'fails later'
}

const declined = (declineCode: string, code = 'card_declined'): Method => ({ decline: { code, declineCode } })
const disputed = (reason: string, isInquiry = false): Method => ({ dispute: { reason, isInquiry } })

/** Stripe's test payment methods, as https://docs.stripe.com/testing describes them. */
const METHODS: Record<string, Method> = {
  pm_card_visa: {},
  pm_card_visa_debit: {},
  pm_card_mastercard: {},
  pm_card_amex: {},
  pm_card_discover: {},
  pm_card_bypassPending: {},
  pm_card_chargeDeclined: declined('generic_decline'),
  pm_card_chargeCustomerFail: declined('generic_decline'),
  pm_card_chargeDeclinedInsufficientFunds: declined('insufficient_funds'),
  pm_card_chargeDeclinedLostCard: declined('lost_card'),
  pm_card_chargeDeclinedStolenCard: declined('stolen_card'),
  pm_card_chargeDeclinedFraudulent: declined('fraudulent'),
  pm_card_radarBlock: declined('fraudulent'),
  pm_card_chargeDeclinedVelocityLimitExceeded: declined('card_velocity_exceeded'),
  pm_card_chargeDeclinedExpiredCard: { decline: { code: 'expired_card' } },
  pm_card_chargeDeclinedIncorrectCvc: { decline: { code: 'incorrect_cvc' } },
  pm_card_chargeDeclinedProcessingError: { decline: { code: 'processing_error' } },
  pm_card_authenticationRequired: { needsAction: true },
  pm_card_createDispute: disputed('fraudulent'),
  pm_card_createDisputeProductNotReceived: disputed('product_not_received'),
  pm_card_createDisputeInquiry: disputed('fraudulent', true),
  pm_card_pendingRefund: { refund: 'succeeds later' },
  pm_card_refundFail: { refund: 'fails later' },
}

/** The names by which tests know what happens. Stripe has some of them in two spellings: `pm_card_visa_chargeDeclined`. */
export const methodOf = (name: string): Method | undefined =>
  METHODS[name.replace('pm_card_visa_charge', 'pm_card_charge')]
