import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { inspect } from 'node:util'
import { until } from '#chassis/testing/until.ts'
import { createPayments } from '../payments/payments.ts'
import { created, failure, KEY, paid, PRICE, type Setup, startSetup } from './payment-harness.ts'

let setup: Setup
beforeAll(async () => {
  setup = await startSetup('payments-test')
})
beforeEach(async () => {
  await setup.provider.control.order()
})
afterAll(async () => {
  await setup[Symbol.asyncDispose]()
})

describe('a payment', () => {
  test('moves no money before it is confirmed, and then once', async () => {
    const { payments, provider } = setup
    const { transaction, reference } = await created(payments)
    expect(await payments.retrieve(reference)).toEqual({ reference, status: 'REQUIRES_CONFIRMATION', ...PRICE })
    expect((await provider.control.of(transaction)).charges).toEqual([])

    const succeeded = { reference, status: 'SUCCEEDED', ...PRICE }
    expect(await payments.confirm(transaction, reference, 'pm_card_visa')).toEqual(succeeded)
    expect(await payments.retrieve(reference)).toEqual(succeeded)
    expect((await provider.control.of(transaction)).charges).toMatchObject([{ amount: 1999, currency: 'usd' }])
  })

  test('created twice for a transaction is the same payment, and confirmed twice is charged once', async () => {
    const { payments, provider } = setup
    const { transaction, reference } = await created(payments)
    expect((await payments.create(transaction, PRICE)).reference).toBe(reference)
    const confirm = () => payments.confirm(transaction, reference, 'pm_card_visa')
    expect(await confirm()).toEqual(await confirm())
    const { payments: intents, charges } = await provider.control.of(transaction)
    expect([intents.length, charges.length]).toEqual([1, 1])
  })

  test('that succeeded is found by its transaction, also when a day has passed; one that did not is not', async () => {
    const { payments, provider } = setup
    const { transaction, reference } = await paid(payments)
    await provider.control.forgetKeys()
    const another = await payments.create(transaction, PRICE)
    expect(another.reference).not.toBe(reference)
    expect(await payments.paid(transaction)).toEqual({ reference, status: 'SUCCEEDED', ...PRICE })
    const unpaid = await created(payments)
    expect(await payments.paid(unpaid.transaction)).toBeUndefined()
  })

  test('confirmed sixteen times at once is charged once', async () => {
    const { payments, provider } = setup
    const { transaction, reference } = await created(payments)
    await provider.control.order({ call: 'confirm', beforeMs: 50 })
    const calls = Array.from({ length: 16 }, () => payments.confirm(transaction, reference, 'pm_card_visa'))
    const ends = await Promise.all(
      calls.map((call) =>
        call.then(
          ({ status }) => status,
          ({ reason }) => reason,
        ),
      ),
    )
    expect(ends.filter((end) => end === 'SUCCEEDED').length).toBeGreaterThanOrEqual(1)
    expect(ends.filter((end) => end !== 'SUCCEEDED').every((end) => end === 'IN_PROGRESS')).toBe(true)
    expect((await provider.control.of(transaction)).charges).toHaveLength(1)
  })

  test.each([
    ['pm_card_chargeDeclined', 'generic_decline'],
    ['pm_card_visa_chargeDeclined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card'],
    ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error'],
    ['pm_card_authenticationRequired', 'authentication_required'],
    // Whoever uses such a card is not told.
    ['pm_card_chargeDeclinedStolenCard', 'generic_decline'],
    ['pm_card_chargeDeclinedLostCard', 'generic_decline'],
    ['pm_card_radarBlock', 'generic_decline'],
  ])('by %s is declined with %s, and can then be cancelled', async (method, declineCode) => {
    const { payments, provider } = setup
    const { transaction, reference } = await created(payments)
    const declined = { reference, status: 'DECLINED', declineCode, ...PRICE }
    expect(await payments.confirm(transaction, reference, method)).toEqual(declined)
    expect(await payments.retrieve(reference)).toEqual(declined)
    expect(await payments.cancel(transaction, reference)).toMatchObject({ status: 'CANCELED' })
    expect(await payments.retrieve(reference)).toMatchObject({ status: 'CANCELED' })
    expect((await provider.control.of(transaction)).charges).toEqual([])
  })

  test('that takes its time is PROCESSING, cannot be cancelled meanwhile, and ends as it ends', async () => {
    const { payments, provider } = setup
    for (const [end, status] of [
      ['succeeded', 'SUCCEEDED'],
      ['failed', 'DECLINED'],
    ] as const) {
      const { transaction, reference } = await created(payments)
      await provider.control.order({ call: 'confirm', payment: transaction, slow: { ms: 400, end } })
      expect((await payments.confirm(transaction, reference, 'pm_card_visa')).status).toBe('PROCESSING')
      expect(['PROCESSING', status]).toContain((await payments.cancel(transaction, reference)).status)
      await until('the end', async () => (await payments.retrieve(reference)).status === status)
    }
  })

  test('cannot be confirmed once it is cancelled, nor cancelled once it succeeded: the answer is how it is', async () => {
    const { payments, provider } = setup
    const one = await created(payments)
    expect((await payments.cancel(one.transaction, one.reference)).status).toBe('CANCELED')
    expect((await payments.cancel(one.transaction, one.reference)).status).toBe('CANCELED')
    expect((await payments.confirm(one.transaction, one.reference, 'pm_card_visa')).status).toBe('CANCELED')
    expect((await provider.control.of(one.transaction)).charges).toEqual([])

    const other = await paid(payments)
    expect((await payments.cancel(other.transaction, other.reference)).status).toBe('SUCCEEDED')
    expect((await provider.control.of(other.transaction)).charges).toHaveLength(1)
  })

  test('that was refused is certainly not charged', async () => {
    const { payments, provider } = setup
    const { transaction, reference } = await created(payments)
    const unknownMethod = payments.confirm(transaction, reference, 'pm_card_nonsense')
    expect(await failure(unknownMethod)).toEqual({ kind: 'refused', reason: 'PAYMENT_METHOD_UNKNOWN' })
    const otherMethod = payments.confirm(transaction, reference, 'pm_card_visa')
    expect(await failure(otherMethod)).toEqual({ kind: 'refused', reason: 'KEY_REUSED' })
    expect(await failure(payments.create(transaction, { ...PRICE, amount: 2000n }))).toEqual({
      kind: 'refused',
      reason: 'KEY_REUSED',
    })
    expect(await failure(payments.create('large', { ...PRICE, amount: 9_999_999_999n }))).toEqual({
      kind: 'refused',
      reason: 'AMOUNT_REFUSED',
    })
    expect(await failure(payments.retrieve('pi_absent'))).toEqual({ kind: 'refused', reason: 'NOT_FOUND' })
    expect((await provider.control.of(transaction)).charges).toEqual([])
  })
})

describe('a refund', () => {
  test('gives everything back once, however often it is asked for', async () => {
    const { payments, provider } = setup
    const { transaction, reference } = await paid(payments)
    const refund = await payments.refund(transaction, reference)
    expect(refund).toEqual({ reference: refund.reference, payment: reference, status: 'SUCCEEDED', ...PRICE })
    expect(await payments.refund(transaction, reference)).toEqual(refund)
    await provider.control.forgetKeys()
    expect(await payments.refund(transaction, reference)).toEqual(refund)
    expect(await payments.refundOf(reference)).toEqual(refund)
    expect((await provider.control.of(transaction)).refunds).toHaveLength(1)
  })

  test.each([
    ['pm_card_pendingRefund', 'PENDING', 'SUCCEEDED'],
    ['pm_card_refundFail', 'SUCCEEDED', 'FAILED'],
  ])('of %s is %s at first and %s in the end', async (method, first, last) => {
    const { payments } = setup
    const { transaction, reference } = await paid(payments, method)
    expect(await payments.refundOf(reference)).toBeUndefined()
    expect((await payments.refund(transaction, reference)).status).toBe(first)
    await until('the end', async () => (await payments.refundOf(reference))?.status === last)
  })

  test('of what was never paid, or is disputed, is refused', async () => {
    const { payments, provider } = setup
    const unpaid = await created(payments)
    expect(await failure(payments.refund(unpaid.transaction, unpaid.reference))).toEqual({
      kind: 'refused',
      reason: 'REJECTED',
    })
    const { transaction, reference } = await paid(payments)
    const { id } = await provider.control.dispute(reference)
    expect(await failure(payments.refund(transaction, reference))).toEqual({ kind: 'refused', reason: 'DISPUTED' })
    await provider.control.decide(id, 'won')
    await provider.control.forgetKeys()
    expect((await payments.refund(transaction, reference)).status).toBe('SUCCEEDED')
  })
})

describe('the key', () => {
  test('of nobody: each call says that it must be set, and none is made', async () => {
    await using payments = createPayments({ ...setup.config, key: '', webhookSecret: '' })
    const before = (await setup.provider.control.journal()).length
    const calls = [
      payments.create('t', PRICE),
      payments.confirm('t', 'pi_1', 'pm_card_visa'),
      payments.retrieve('pi_1'),
      payments.paid('t'),
      payments.cancel('t', 'pi_1'),
      payments.refund('t', 'pi_1'),
      payments.refundOf('pi_1'),
      () => payments.readEvent(Buffer.from('{}'), ''),
    ]
    expect(payments.isConfigured).toBe(false)
    for (const call of calls) expect(await failure(call)).toEqual({ kind: 'configuration', reason: 'NO_KEY' })
    expect(await setup.provider.control.journal()).toHaveLength(before)
  })

  test('that the provider refuses is a matter of configuration, and nothing of it is in the error', async () => {
    const key = 'sk_test_wrongwrongwrong9876'
    await using payments = createPayments({ ...setup.config, key })
    const error: unknown = await payments.create('t', PRICE).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ kind: 'configuration', reason: 'KEY_REFUSED' })
    const shown = inspect(error, { depth: Infinity, showHidden: true })
    // The provider shows the first eight and the last four characters.
    for (const part of ['wrong', '9876', 'sk_test']) expect(shown).not.toContain(part)
  })

  test('and the payment method are in no error, whatever the provider says', async () => {
    const { payments } = setup
    const { transaction, reference } = await created(payments)
    const error: unknown = await payments.confirm(transaction, reference, 'pm_card_secret').catch((e: unknown) => e)
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toMatch(/pm_card_secret|sk_test/)
    expect(JSON.stringify(await setup.provider.control.journal())).not.toContain(KEY)
  })
})
