import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { jobCause } from '#chassis/cause.ts'
import { readStatus } from '#chassis/grpc/status.ts'
import { whileLocked } from '#chassis/testing/lock-waits.ts'
import { until } from '#chassis/testing/until.ts'
import { EVENTS } from '#contracts/events.ts'
import { License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import { Transaction_Status as Status } from '#contracts/gen/promptforge/marketplace/v1/transaction.ts'
import type { PaymentEvent } from '../payments/payment.ts'
import { passNotices } from './notices.ts'
import { ended, makeOld, notPaid, outcomeOf, PAID, reconcile } from './purchase-outcome.ts'
import { type Marketplace, type Person, startMarketplace, usd } from './harness.ts'

let market: Marketplace
let replica: Marketplace
let seller: Person
let buyer: Person

beforeAll(async () => {
  market = await startMarketplace()
  replica = await startMarketplace({ replicaOf: market })
  seller = await market.person('ann')
  buyer = await market.person('bob')
})
beforeEach(() => market.payments.control.order())
afterAll(async () => {
  await replica.stop()
  await market.stop()
})

/** How often something happens at once. */
const times = <T>(count: number, work: (n: number) => Promise<T>) =>
  Promise.allSettled(Array.from({ length: count }, (_, n) => work(n)))

/** What those came to that were refused. */
const reasonsOf = (results: PromiseSettledResult<unknown>[]) =>
  results.flatMap((one) => (one.status === 'rejected' ? [readStatus(one.reason).reason] : []))

/** What those were answered with that were not. */
const answersOf = <T>(results: PromiseSettledResult<T>[]) =>
  results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))

const transactionsOf = async (listingId: string) =>
  market.database.query<{ id: string; status: string }>(
    'select id, status from transactions where listing_id = $1 order by created_at',
    [listingId],
  )

/** Has the reconcilers of both replicas look at all that is pending, again and again, although it is new. */
async function reconcileOften(count: number) {
  for (let n = 0; n < count; n++) {
    await market.database.query(
      `update transactions set next_check_at = now() - interval '1 second' where status = 'PENDING'`,
    )
    await Promise.all([reconcile(market), reconcile(replica)])
  }
}

describe('one purchase at once', () => {
  test('sixteen times with sixteen different request ids is one charge, and one licence', async () => {
    const { listingId } = await market.list(seller)
    await market.payments.control.order({ call: 'confirm', beforeMs: 1500 })
    const results = await times(16, () => market.buy(buyer, listingId))
    expect(new Set(reasonsOf(results))).not.toContain(undefined)
    const ids = new Set(answersOf(results).map(({ transaction }) => transaction!.transactionId))
    expect(ids.size).toBe(1)
    // One that came when the purchase had ended is told so.
    for (const reason of reasonsOf(results)) expect(reason).toBe('ALREADY_LICENSED')
    expect(await transactionsOf(listingId)).toHaveLength(1)
    expect(await ended(market, [...ids][0]!)).toEqual(PAID)
  })

  test('on two replicas is one charge, and both answer with the licence', async () => {
    const { listingId } = await market.list(seller)
    await market.payments.control.order({ call: 'confirm', beforeMs: 1000 })
    const requestId = randomUUID()
    // Here each replica has a key of its own for tokens.
    const { userId } = buyer
    const there = { userId, as: { token: await replica.identity.tokenFor({ userId, username: 'bob' }) } }
    const answers = await Promise.all([
      market.buy(buyer, listingId, { requestId }),
      replica.buy(there, listingId, { requestId }),
    ])
    for (const { transaction, licenseKey } of answers) {
      expect(transaction!.status).toBe(Status.COMPLETED)
      expect(licenseKey).toBe(answers[0]!.licenseKey)
    }
    const id = answers[0]!.transaction!.transactionId
    const { charges } = await market.payments.control.of(id)
    expect(charges).toHaveLength(1)
  })

  test('with the same request id for two different things is one purchase, and the other is refused', async () => {
    const [one, other] = await Promise.all([market.list(seller), market.list(seller)])
    const requestId = randomUUID()
    const results = await times(8, (n) => market.buy(buyer, n % 2 ? one.listingId : other.listingId, { requestId }))
    const ids = new Set(answersOf(results).map(({ transaction }) => transaction!.transactionId))
    expect(ids.size).toBe(1)
    expect(reasonsOf(results)).toEqual(Array.from({ length: 4 }, () => 'REQUEST_ID_REUSED'))
  })

  test('of both types of licence is two purchases', async () => {
    const { listingId } = await market.list(seller, { commercialPrice: usd(9900) })
    const answers = await Promise.all([
      market.buy(buyer, listingId),
      market.buy(buyer, listingId, { licenseType: License_Type.COMMERCIAL, expectedPrice: usd(9900) }),
    ])
    for (const { transaction } of answers) expect(transaction!.status).toBe(Status.COMPLETED)
    expect(new Set(answers.map(({ license }) => license!.licenseId)).size).toBe(2)
  })
})

describe('who looks at a payment', () => {
  test('may be the handler, notices that come twice, and two reconcilers at once: it is completed once', async () => {
    await using notices = await passNotices(market)
    const listings = await Promise.all(Array.from({ length: 8 }, () => market.list(seller)))
    await market.payments.control.order({ call: 'webhook', copies: 2 }, { call: 'confirm', afterMs: 500 })
    const results = Promise.all(listings.map(({ listingId }) => market.buy(buyer, listingId)))
    await reconcileOften(5)
    for (const { transaction } of await results) {
      // The licence of a purchase that the other replica has completed was told by that one.
      const { entitlements: _, ...expected } = PAID
      expect(await outcomeOf(market, transaction!.transactionId)).toMatchObject(expected)
      const { listing } = await market.listings.getListing({ listingId: transaction!.listingId })
      expect(listing!.salesCount).toBe(1)
    }
    await until('both copies of each notice', () => notices.taken() >= 16)
  })

  test('may be all of them at a payment that is declined: it fails once, with the reason of the bank', async () => {
    await using _notices = await passNotices(market)
    const listings = await Promise.all(Array.from({ length: 8 }, () => market.list(seller, { exclusive: true })))
    await market.payments.control.order({ call: 'webhook', copies: 2 })
    const [answers] = await Promise.all([
      Promise.all(
        listings.map(({ listingId }) =>
          market.buy(buyer, listingId, { paymentMethod: 'pm_card_chargeDeclinedExpiredCard' }),
        ),
      ),
      reconcileOften(5),
    ])
    for (const { transaction } of answers) {
      const id = transaction!.transactionId
      await makeOld(market, id)
      expect(await ended(market, id)).toEqual(notPaid('expired_card'))
    }
    const [events] = await market.database.query<{ count: number }>(
      'select count(*)::integer from outbox where subject = $1',
      [EVENTS.purchaseFailed.subject],
    )
    expect(events!.count).toBe(answers.length)
  })
})

test('a purchase that is made old while it is paid is paid and unlocks, or is neither', async () => {
  const listings = await Promise.all(Array.from({ length: 12 }, () => market.list(seller)))
  const buying = Promise.all(listings.map(({ listingId }) => market.buy(buyer, listingId)))
  for (let n = 0; n < 5; n++) {
    await market.database.query(
      `update transactions set created_at = now() - interval '1 minute', next_check_at = now() - interval '1 second'
      where status = 'PENDING'`,
    )
    await Promise.all([reconcile(market), reconcile(replica)])
  }
  for (const { transaction } of await buying) {
    const id = transaction!.transactionId
    await makeOld(market, id)
    await reconcile(market)
    const outcome = await outcomeOf(market, id)
    const isPaid = outcome.status === 'COMPLETED'
    // The licence of a purchase that a replica has completed was told by that one.
    const { entitlements: _, ...expected } = isPaid ? PAID : notPaid(outcome.failureReason)
    expect(outcome).toMatchObject(expected)
  }
})

test('a purchase whose payment is stored while somebody gives it up is not given up: its money is taken', async () => {
  const { listingId } = await market.list(seller)
  await market.payments.control.order({ call: 'create', beforeMs: 500 })
  const buying = market.buy(buyer, listingId)
  const { id } = await until('the purchase', async () => (await transactionsOf(listingId))[0])
  await makeOld(market, id)
  // Whoever gives it up has seen that it has no payment, and is the second to change it.
  let givingUp: Promise<unknown> | undefined
  const lock = 'select from transactions where id = $1 for update'
  await whileLocked(market.database, [lock, [id]], async (waiters) => {
    await waiters(1)
    givingUp = replica.service.context.sales.handle({ kind: 'PAYMENT' } as PaymentEvent, id, jobCause('test'))
    await waiters(2)
  })
  await givingUp
  expect((await buying).transaction!.status).toBe(Status.COMPLETED)
  expect(await ended(market, id)).toEqual(PAID)
})

describe('an exclusive listing', () => {
  test('that 24 want to buy at once is sold to one, and nobody else is charged', async () => {
    const { listingId } = await market.list(seller, { exclusive: true })
    const buyers = await Promise.all(Array.from({ length: 24 }, (_, n) => market.person(`buyer${n}`)))
    await market.payments.control.order({ call: 'confirm', beforeMs: 500 })
    const results = await times(24, (n) => market.buy(buyers[n]!, listingId))
    const [winner, ...others] = answersOf(results)
    expect(others).toEqual([])
    expect(winner!.transaction!.status).toBe(Status.COMPLETED)
    const refusals = reasonsOf(results)
    expect(refusals).toHaveLength(23)
    for (const reason of refusals) expect(['LISTING_RESERVED', 'LISTING_NOT_ACTIVE']).toContain(reason)
    expect(await transactionsOf(listingId)).toEqual([{ id: winner!.transaction!.transactionId, status: 'COMPLETED' }])
    expect(await ended(market, winner!.transaction!.transactionId)).toEqual(PAID)
    const [row] = await market.database.query('select status, reserved_tx from prompt_listings where id = $1', [
      listingId,
    ])
    expect(row).toEqual({ status: 'SOLD', reserved_tx: null })
  })

  test('is not free because its reservation is old, but only when its purchase has failed', async () => {
    const { listingId } = await market.list(seller, { exclusive: true })
    await market.payments.control.order({ call: 'confirm', slow: { ms: 60_000, end: 'succeeded' } })
    const { transaction } = await market.buy(buyer, listingId)
    await makeOld(market, transaction!.transactionId)
    await reconcile(market)
    const cleo = await market.person('cleo')
    expect(reasonsOf(await times(3, () => market.buy(cleo, listingId)))).toEqual(
      Array.from({ length: 3 }, () => 'LISTING_RESERVED'),
    )
  })
})

test('a price that changes while many buy is paid by those who agreed to it, and by nobody else', async () => {
  const { listingId } = await market.list(seller)
  const buyers = await Promise.all(Array.from({ length: 12 }, (_, n) => market.person(`payer${n}`)))
  const buying = times(12, (n) => market.buy(buyers[n]!, listingId))
  await market.database.query('update prompt_listings set price = 24.99 where id = $1', [listingId])
  const results = await buying
  for (const reason of reasonsOf(results)) expect(reason).toBe('PRICE_CHANGED')
  for (const { transaction } of answersOf(results)) {
    expect(transaction!.amount).toEqual(usd(1999))
    const { charges } = await market.payments.control.of(transaction!.transactionId)
    expect(charges.map(({ amount }) => amount)).toEqual([1999])
  }
  expect(reasonsOf(await times(1, () => market.buy(buyer, listingId)))).toEqual(['PRICE_CHANGED'])
  const agreed = await market.buy(buyer, listingId, { expectedPrice: usd(2499) })
  expect(agreed.transaction).toMatchObject({ status: Status.COMPLETED, amount: usd(2499) })
})
