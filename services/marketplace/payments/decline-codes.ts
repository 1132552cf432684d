/** What is said of a card when nothing more precise may be said. */
const GENERIC = 'generic_decline'

// https://docs.stripe.com/declines/codes
const DOCUMENTED = new Set([
  'approve_with_id',
  'authentication_not_handled',
  'authentication_required',
  'call_issuer',
  'card_not_supported',
  'card_velocity_exceeded',
  'currency_not_supported',
  'do_not_honor',
  'do_not_try_again',
  'duplicate_transaction',
  'expired_card',
  'incorrect_address',
  'incorrect_cvc',
  'incorrect_number',
  'incorrect_pin',
  'incorrect_zip',
  'insufficient_funds',
  'invalid_account',
  'invalid_amount',
  'invalid_cvc',
  'invalid_expiry_month',
  'invalid_expiry_year',
  'invalid_number',
  'invalid_pin',
  'issuer_not_available',
  'mobile_device_authentication_required',
  'new_account_information_available',
  'no_action_taken',
  'not_permitted',
  'offline_pin_required',
  'online_or_offline_pin_required',
  'pin_try_exceeded',
  'processing_error',
  'reenter_transaction',
  'restricted_card',
  'revocation_of_all_authorizations',
  'revocation_of_authorization',
  'security_violation',
  'service_not_allowed',
  'stop_payment_order',
  'testmode_decline',
  'transaction_not_allowed',
  'try_again_later',
  'withdrawal_count_limit_exceeded',
])

/**
 * Why a bank declined, as the buyer may know it: the bank's reason, else the provider's. Nothing but documented codes comes out. `generic_decline`
 * stands for all others, and for those of stolen, lost or suspected cards, which Stripe asks not to tell whoever uses such a card.
 */
export function declineCodeOf(error: { code?: string; decline_code?: string } | null | undefined): string {
  const { decline_code: bank, code } = error ?? {}
  const reason = bank || code
  return reason !== undefined && DOCUMENTED.has(reason) ? reason : GENERIC
}
