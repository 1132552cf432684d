import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { Metadata, status as code } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { Transaction_Status as Status } from '#contracts/gen/promptforge/marketplace/v1/transaction.ts'
import type { Break } from '../../dev-env/payments/orders.ts'
import { disagreements } from './after-purchase.ts'
import { ended, makeOld, notPaid, outcomeOf, PAID, reconcile } from './purchase-outcome.ts'
import { type Marketplace, type Person, startMarketplace } from './harness.ts'

let market: Marketplace
let seller: Person
let buyer: Person
let listingId: string

beforeAll(async () => {
  market = await startMarketplace()
  seller = await market.person('ann')
  buyer = await market.person('bob')
})
beforeEach(async () => {
  await market.payments.control.order()
  listingId = (await market.list(seller)).listingId
})
afterAll(() => market.stop())

/** Buys, and answers with the transaction as the buyer is told of it. */
const buy = async (paymentMethod = 'pm_card_visa') => {
  const { transaction } = await market.buy(buyer, listingId, { paymentMethod })
  return { id: transaction!.transactionId, status: transaction!.status }
}

/** Has the reconciler look at a purchase, and answers with what there is of it when it has ended. */
const reconciled = async (id: string) => {
  await makeOld(market, id)
  await reconcile(market)
  return outcomeOf(market, id)
}

/** The provider's status of the only payment of a transaction. */
const paymentOf = async (id: string) => (await market.payments.control.of(id)).payments.map(({ status }) => status)

describe('a confirmation that breaks', () => {
  test.each<Break>(['500-after', 'cut-after'])(
    'after the money was taken (%s) is a purchase that was paid once',
    async (how) => {
      await market.payments.control.order({ call: 'confirm', break: how })
      const { id, status } = await buy()
      expect(status).toBe(Status.COMPLETED)
      expect(await ended(market, id)).toEqual(PAID)
    },
  )

  test.each<Break>(['500-before', 'cut-before', '429'])(
    'before that (%s) is pending until nobody can pay it any more, and then failed',
    async (how) => {
      await market.payments.control.order({ call: 'confirm', break: how })
      const { id, status } = await buy()
      expect(status).toBe(Status.PENDING)
      expect(await outcomeOf(market, id)).toEqual(notPaid(null, 'PENDING'))
      expect(await reconciled(id)).toEqual(notPaid('not_confirmed'))
      expect(await paymentOf(id)).toEqual(['canceled'])

      await market.payments.control.order()
      const again = await buy()
      expect(again.status).toBe(Status.COMPLETED)
      expect(again.id).not.toBe(id)
    },
  )
})

test.each<Break>(['cut-before', 'cut-after', '500-before', '500-after', '429'])(
  'a payment that cannot be created (%s) is a failed purchase at once, and costs nothing',
  async (how) => {
    await market.payments.control.order({ call: 'create', break: how })
    const { id, status } = await buy()
    expect(status).toBe(Status.FAILED)
    expect(await outcomeOf(market, id)).toEqual(notPaid('not_confirmed'))
    expect(await paymentOf(id)).toEqual(how.endsWith('after') ? ['requires_payment_method'] : [])
  },
)

test('a payment whose outcome cannot be read is pending, and completed when it can', async () => {
  await market.payments.control.order({ call: 'retrieve', break: '500-before' })
  const { id, status } = await buy()
  expect(status).toBe(Status.PENDING)
  expect(await outcomeOf(market, id)).toEqual({ ...notPaid(null, 'PENDING'), charges: 1 })

  await makeOld(market, id)
  await reconcile(market)
  expect((await outcomeOf(market, id)).status).toBe('PENDING')
  await market.payments.control.order()
  expect(await reconciled(id)).toEqual(PAID)
})

test('what ends a purchase later passes on the trace and the request id of the request that began it', async () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const metadata = Metadata.fromHttp2Headers({ traceparent, 'x-request-id': 'request-of-bob' })
  await market.payments.control.order({ call: 'retrieve', break: '500-before' })
  const { transaction } = await market.buy({ ...buyer, as: { ...buyer.as, metadata } }, listingId)
  const id = transaction!.transactionId
  await market.payments.control.order()
  expect(await reconciled(id)).toEqual(PAID)

  const events = await market.database.query<{ headers: object }>(
    `select o.headers from outbox o, licenses l
      where l.transaction_id = $1 and (o.payload::text like '%' || $1 || '%' or o.payload::text like '%' || l.id || '%')`,
    [id],
  )
  const headers = { traceparent, 'Pf-Request-Id': 'request-of-bob' }
  // That it was completed, that its licence was granted, and that for the audit log.
  expect(events).toEqual([{ headers }, { headers }, { headers }])
  const told = market.tellings.at(-1)!
  expect([told.requestId, told.metadata!.get('traceparent')]).toEqual(['request-of-bob', [traceparent]])
})

describe('a provider that is slow', () => {
  test('keeps nobody waiting for longer than eight seconds, and the purchase ends without its buyer', async () => {
    // None of them exceeds its own limit; together they take longer than a caller waits.
    await market.payments.control.order(
      { call: 'create', beforeMs: 1500 },
      { call: 'confirm', beforeMs: 3000 },
      { call: 'retrieve', beforeMs: 1000 },
      { call: 'cancel', beforeMs: 2000 },
    )
    const { id, status } = await buy('pm_card_chargeDeclined')
    expect(status).toBe(Status.PENDING)
    expect(await ended(market, id)).toEqual(notPaid('generic_decline'))
  })

  test('is given up, and what it does later is found by the reconciler', async () => {
    await market.payments.control.order({ call: 'confirm', beforeMs: 6000 })
    const { id, status } = await buy()
    expect(status).toBe(Status.PENDING)
    await until('the charge', async () => (await market.payments.control.of(id)).charges.length === 1)
    expect(await reconciled(id)).toEqual(PAID)
  })

  test('cannot charge what was given up before it began', async () => {
    await market.payments.control.order({ call: 'confirm', beforeMs: 10_000 })
    const { id, status } = await buy()
    expect(status).toBe(Status.PENDING)
    expect(await reconciled(id)).toEqual(notPaid('not_confirmed'))
    const confirmed = async () =>
      (await market.payments.control.journal()).some(
        ({ request }) => request?.call === 'confirm' && request.key === `${id}:confirm`,
      )
    await until('the late confirmation', confirmed)
    expect(await outcomeOf(market, id)).toEqual(notPaid('not_confirmed'))
  })
})

describe('a payment that is processed for a while', () => {
  test('is pending, however old it is, and completed when it has succeeded', async () => {
    await market.payments.control.order({ call: 'confirm', slow: { ms: 3000, end: 'succeeded' } })
    const { id, status } = await buy()
    expect(status).toBe(Status.PENDING)
    await makeOld(market, id)
    await reconcile(market)
    expect(await outcomeOf(market, id)).toMatchObject({ status: 'PENDING', licenses: 0 })
    await until('the charge', async () => (await paymentOf(id))[0] === 'succeeded')
    expect(await reconciled(id)).toEqual(PAID)
  })

  test('is failed when it has failed, with the reason of the bank', async () => {
    await market.payments.control.order({ call: 'confirm', slow: { ms: 100, end: 'failed' } })
    const { id, status } = await buy()
    expect(status).toBe(Status.PENDING)
    await until('the refusal', async () => (await paymentOf(id))[0] === 'requires_payment_method')
    expect(await reconciled(id)).toEqual(notPaid('generic_decline'))
    expect(await paymentOf(id)).toEqual(['canceled'])
  })
})

describe('a payment method', () => {
  test.each([
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_card_authenticationRequired', 'authentication_required'],
    ['pm_card_nobody_knows', 'payment_method_unknown'],
  ])('%s fails the purchase with %s, and the payment cannot be tried again', async (method, reason) => {
    const { id, status } = await buy(method)
    expect(status).toBe(Status.FAILED)
    expect(await outcomeOf(market, id)).toEqual(notPaid(reason))
    expect(await paymentOf(id)).toEqual(['canceled'])
  })

  test('that is declined fails the purchase with the reason of the bank also when the payment could not be cancelled at once', async () => {
    await market.payments.control.order({ call: 'cancel', break: 'cut-after' })
    const { id, status } = await buy('pm_card_chargeDeclinedExpiredCard')
    expect(status).toBe(Status.PENDING)
    expect(await reconciled(id)).toEqual(notPaid('expired_card'))
  })
})

test('an exclusive listing whose buyer is declined is free again, and not before', async () => {
  const { listingId: exclusive } = await market.list(seller, { exclusive: true })
  const other = await market.person('cleo')
  await market.payments.control.order({ call: 'cancel', break: '500-before' })
  const first = await market.buy(buyer, exclusive, { paymentMethod: 'pm_card_chargeDeclined' })
  expect(first.transaction!.status).toBe(Status.PENDING)
  expect(await rejection(market.buy(other, exclusive))).toMatchObject({
    code: code.FAILED_PRECONDITION,
    reason: 'LISTING_RESERVED',
  })
  await market.payments.control.order()
  expect(await reconciled(first.transaction!.transactionId)).toEqual(notPaid('generic_decline'))
  expect((await market.buy(other, exclusive)).transaction!.status).toBe(Status.COMPLETED)
})

test('a purchase that was asked for again while it is pending, and after it, is the same', async () => {
  await market.payments.control.order({ call: 'confirm', slow: { ms: 1000, end: 'succeeded' } })
  const requestId = randomUUID()
  const first = await market.buy(buyer, listingId, { requestId })
  const id = first.transaction!.transactionId
  expect(first.transaction!.status).toBe(Status.PENDING)
  await until('the charge', async () => (await paymentOf(id))[0] === 'succeeded')
  expect(await reconciled(id)).toEqual(PAID)
  const again = await market.buy(buyer, listingId, { requestId })
  expect(again).toMatchObject({ transaction: { transactionId: id, status: Status.COMPLETED } })
  expect(again.licenseKey).toMatch(/^PF1-/)
})

describe('a payment of another amount than the purchase', () => {
  test('unlocks nothing, is given back, and fails the purchase, so that the buyer can buy again', async () => {
    await market.payments.control.order({ call: 'confirm', takes: 1998 })
    const { id, status } = await buy()
    expect(status).toBe(Status.FAILED)
    expect(await outcomeOf(market, id)).toEqual({ ...notPaid('wrong_amount'), charges: 1 })
    expect((await market.payments.control.of(id)).refunds).toMatchObject([{ amount: 1998, status: 'succeeded' }])
    expect(await disagreements(market)).toEqual([])

    await market.payments.control.order()
    expect((await buy()).status).toBe(Status.COMPLETED)
  })

  test('stays pending until it is given back', async () => {
    const { control } = market.payments
    await control.order({ call: 'confirm', takes: 1998 }, { call: 'refund', break: 'cut-before' })
    const { id, status } = await buy()
    expect(status).toBe(Status.PENDING)
    expect(await outcomeOf(market, id)).toEqual({ ...notPaid(null, 'PENDING'), charges: 1 })
    await control.order({ call: 'refund', slow: { ms: 50, end: 'succeeded' } })
    await until('the payment to be given back', async () => {
      await makeOld(market, id)
      await reconcile(market)
      return (await outcomeOf(market, id)).status === 'FAILED'
    })
    expect(await outcomeOf(market, id)).toEqual({ ...notPaid('wrong_amount'), charges: 1 })
    expect((await control.of(id)).refunds).toHaveLength(1)
  })
})
