import { expect, test } from '@jest/globals'
import { declineCodeOf } from './decline-codes.ts'

test('the reason of a bank goes before that of the provider', () => {
  expect(declineCodeOf({ code: 'card_declined', decline_code: 'insufficient_funds' })).toBe('insufficient_funds')
  expect(declineCodeOf({ code: 'expired_card' })).toBe('expired_card')
  expect(declineCodeOf({ code: 'expired_card', decline_code: '' })).toBe('expired_card')
})

test.each([
  { code: 'card_declined', decline_code: 'lost_card' },
  { code: 'card_declined', decline_code: 'stolen_card' },
  { code: 'card_declined', decline_code: 'fraudulent' },
  { code: 'card_declined', decline_code: 'merchant_blacklist' },
  { code: 'card_declined', decline_code: 'sk_test_leaked' },
  { code: 'card_declined' },
  {},
  null,
  undefined,
])('%j is a generic decline', (error) => {
  expect(declineCodeOf(error)).toBe('generic_decline')
})
