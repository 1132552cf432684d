import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { rejection } from '#chassis/testing/rejection.ts'
import type { RecordPayoutRequest } from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import { release, requestRefund } from '../transaction.ts'
import { type Marketplace, type Person, startMarketplace, usd } from './harness.ts'
import { move, sellAt } from './ledger-moves.ts'

let market: Marketplace
let admin: Person

beforeAll(async () => {
  market = await startMarketplace()
  admin = await market.person('root', 'ADMIN')
})
afterAll(() => market.stop())

const later = () => new Date(Date.now() + 20 * 86_400_000)

/** A seller who has 15.99 available, and 15.99 pending; `sale` is the transaction of what is available. */
async function paidSeller() {
  const seller = await market.person('ann')
  const sale = await sellAt(market, seller, new Date())
  await move(market, sale, (tx) => release(tx, later()))
  await sellAt(market, seller, new Date())
  return { seller, sale }
}

const pay = ({ userId }: Pick<Person, 'userId'>, fields: Partial<RecordPayoutRequest> = {}, as = admin.as) =>
  market.sellers.recordPayout({ userId, amount: usd(1000), reference: v7(), ...fields }, as)

const payoutsOf = ({ userId }: Person) =>
  market.database.query(
    `select p.reference, p.created_by, e.account, e.amount from ledger_postings p join ledger_entries e on e.posting_id = p.id
     where p.seller_id = $1 and p.kind = 'PAYOUT' order by p.created_at, e.account`,
    [userId],
  )

/** How those of some calls failed that did. */
async function refusalsOf(calls: Promise<unknown>[]) {
  const outcomes = await Promise.allSettled(calls)
  return Promise.all(
    outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [rejection(Promise.reject(outcome.reason))] : [])),
  )
}

const balanceOf = async (seller: Person) => (await market.sellers.getBalance({}, seller.as)).balances[0]!

describe('RecordPayout', () => {
  test('takes a payout from what is available, and records who did it and the reference', async () => {
    const { seller } = await paidSeller()
    const reference = `SEPA ${v7()}`
    const { balance } = await pay(seller, { reference })
    expect(balance).toEqual({ pending: usd(1599), available: usd(599) })
    expect(await balanceOf(seller)).toEqual(balance)
    const facts = { reference, created_by: admin.userId }
    expect(await payoutsOf(seller)).toEqual([
      { ...facts, account: 'EXTERNAL', amount: '1000' },
      { ...facts, account: 'SELLER_AVAILABLE', amount: '-1000' },
    ])
    expect((await pay(seller, { amount: usd(599) })).balance!.available).toEqual(usd(0))
  })

  test('changes nothing when the same payout comes again, from another administrator too', async () => {
    const { seller } = await paidSeller()
    const payout = { reference: v7(), amount: usd(1599) }
    const first = await pay(seller, payout)
    const { as } = await market.person('two', 'ADMIN')
    expect(await pay(seller, payout)).toEqual(first)
    expect(await pay(seller, payout, as)).toEqual(first)
    expect(await payoutsOf(seller)).toHaveLength(2)
  })

  test('refuses a reference that was used for another amount, currency or seller', async () => {
    const [{ seller }, { seller: other }] = [await paidSeller(), await paidSeller()]
    const reference = v7()
    await pay(seller, { reference })
    const used = { code: status.FAILED_PRECONDITION, reason: 'REFERENCE_USED' }
    const eur = { ...usd(1000), currencyCode: 'EUR' }
    expect(await rejection(pay(seller, { reference, amount: usd(100) }))).toMatchObject(used)
    expect(await rejection(pay(seller, { reference, amount: eur }))).toMatchObject(used)
    expect(await rejection(pay(other, { reference }))).toMatchObject(used)
    expect((await balanceOf(seller)).available).toEqual(usd(599))
    expect((await balanceOf(other)).available).toEqual(usd(1599))
  })

  test('refuses more than is available, and says how much that is', async () => {
    const { seller, sale } = await paidSeller()
    const tooLow = (available: string) => ({
      code: status.FAILED_PRECONDITION,
      reason: 'BALANCE_TOO_LOW',
      metadata: { available },
    })
    expect(await rejection(pay(seller, { amount: usd(1600) }))).toMatchObject(tooLow('15.99'))
    expect(await rejection(pay(seller, { amount: usd(9_999_999_999) }))).toMatchObject(tooLow('15.99'))
    const eur = { ...usd(1), currencyCode: 'EUR' }
    expect(await rejection(pay(seller, { amount: eur }))).toMatchObject(tooLow('0.00'))
    expect(await rejection(pay({ userId: v7() }))).toMatchObject(tooLow('0.00'))
    await pay(seller, { amount: usd(1599) })
    await move(market, sale, (tx, now) => requestRefund(tx, { as: 'SELLER' }, now))
    expect(await rejection(pay(seller, { amount: usd(1) }))).toMatchObject(tooLow('-15.99'))
    expect(await balanceOf(seller)).toEqual({
      pending: usd(1599),
      available: { currencyCode: 'USD', units: -15n, nanos: -990_000_000 },
    })
    expect(await payoutsOf(seller)).toHaveLength(2)
  })

  test('is recorded once when sixteen with one reference come at once', async () => {
    const { seller } = await paidSeller()
    const payout = { reference: v7(), amount: usd(1000) }
    const answers = await Promise.all(Array.from({ length: 16 }, () => pay(seller, payout)))
    for (const { balance } of answers) expect(balance!.available).toEqual(usd(599))
    expect(await payoutsOf(seller)).toHaveLength(2)
  })

  test('pays one of two at once that together are more than is available', async () => {
    const { seller } = await paidSeller()
    const tooLow = { code: status.FAILED_PRECONDITION, reason: 'BALANCE_TOO_LOW', metadata: { available: '5.99' } }
    expect(await refusalsOf([pay(seller), pay(seller)])).toMatchObject([tooLow])
    expect((await balanceOf(seller)).available).toEqual(usd(599))
  })

  test('pays one of two sellers at once with one reference', async () => {
    const [{ seller }, { seller: other }] = [await paidSeller(), await paidSeller()]
    const reference = v7()
    const used = { code: status.FAILED_PRECONDITION, reason: 'REFERENCE_USED' }
    expect(await refusalsOf([pay(seller, { reference }), pay(other, { reference })])).toMatchObject([used])
    expect([...(await payoutsOf(seller)), ...(await payoutsOf(other))]).toHaveLength(2)
  })
})

describe('bad input', () => {
  const money = (units: bigint, nanos = 0, currencyCode = 'USD') => ({ units, nanos, currencyCode })

  test.each<[string, Partial<RecordPayoutRequest>, string[]]>([
    ['nothing', { amount: money(0n) }, ['amount']],
    ['less than nothing', { amount: money(-50n) }, ['amount']],
    ['a part of a cent', { amount: money(1n, 5_000_000) }, ['amount']],
    ['more than a column holds', { amount: money(100_000_000n) }, ['amount']],
    ['units and nanos of different signs', { amount: money(1n, -500_000_000) }, ['amount']],
    ['a currency without decimals', { amount: money(5n, 0, 'JPY') }, ['amount.currency_code']],
    ['two faults of an amount', { amount: money(-5n, 0, 'JPY') }, ['amount.currency_code', 'amount']],
    ['no amount', { amount: undefined }, ['amount']],
    ['no reference', { reference: '' }, ['reference']],
    ['a long reference', { reference: 'x'.repeat(101) }, ['reference']],
    ['two lines of reference', { reference: 'a\nb' }, ['reference']],
    ['no user', { userId: 'ann' }, ['user_id']],
  ])('%s is refused', async (_, fields, violated) => {
    const { seller } = await paidSeller()
    const error = await rejection(pay(seller, fields))
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: violated.map((field) => ({ field })) })
    expect(await payoutsOf(seller)).toEqual([])
  })
})

test('nobody but an administrator who signed in records a payout', async () => {
  const { seller } = await paidSeller()
  const denied = { code: status.PERMISSION_DENIED }
  expect(await rejection(pay(seller, {}, seller.as))).toMatchObject(denied)
  expect(await rejection(pay(seller, {}, (await market.person('mod', 'MODERATOR')).as))).toMatchObject(denied)
  const key = { scope: 'market', client_id: v7() }
  const token = await market.identity.tokenFor({ userId: admin.userId, username: 'root', role: 'ADMIN' }, key)
  expect(await rejection(pay(seller, {}, { token }))).toMatchObject(denied)
  expect(await rejection(pay(seller, {}, {}))).toMatchObject({ code: status.UNAUTHENTICATED })
  expect(await payoutsOf(seller)).toEqual([])
})
