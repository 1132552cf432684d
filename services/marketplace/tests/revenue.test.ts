import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { rejection } from '#chassis/testing/rejection.ts'
import type { Money } from '#contracts/gen/google/type/money.ts'
import {
  type GetRevenueRequest,
  GetRevenueRequest_Period as Period,
} from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import type { DisputeState } from '../ledger.ts'
import { dispute, endRefund, release, requestRefund, type Decision, type Transaction } from '../transaction.ts'
import { type Marketplace, type Person, startMarketplace, usd } from './harness.ts'
import { move, sellAt } from './ledger-moves.ts'

let market: Marketplace

beforeAll(async () => {
  market = await startMarketplace()
})
afterAll(() => market.stop())

const revenueOf = async (seller: Person, request: Partial<GetRevenueRequest> = {}) =>
  (
    await market.sellers.getRevenue(
      { period: Period.UNSPECIFIED, from: undefined, to: undefined, currency: '', ...request },
      seller.as,
    )
  ).revenue

const balancesOf = async (seller: Person) => (await market.sellers.getBalance({}, seller.as)).balances

const cents = ({ units, nanos }: Money = usd(0)) => Number(units) * 100 + nanos / 10_000_000
const eur = (amount: number) => ({ ...usd(amount), currencyCode: 'EUR' })

const at = (text: string) => new Date(text)
const later = (time: Date) => new Date(time.getTime() + 20 * 86_400_000)

type Rule = (tx: Transaction, now: Date) => Decision
const released: Rule = (tx, now) => release(tx, later(now))
const refund: Rule = (tx, now) => requestRefund(tx, { as: 'SELLER' }, now)
const refundDone: Rule = (tx, now) => endRefund(tx, 'DONE', now)
const refundFailed: Rule = (tx, now) => endRefund(tx, 'FAILED', now)
const disputed =
  (said: DisputeState): Rule =>
  (tx) =>
    dispute(tx, said)

describe('a purchase', () => {
  test('is in the revenue and in what is pending as soon as it is paid', async () => {
    const [seller, buyer] = [await market.person('ann'), await market.person('bob')]
    expect(await balancesOf(seller)).toEqual([])
    expect(await revenueOf(seller)).toEqual([])
    const { listingId } = await market.list(seller)
    await market.buy(buyer, listingId)
    expect(await balancesOf(seller)).toEqual([{ pending: usd(1599), available: usd(0) }])
    expect(await revenueOf(seller)).toEqual([
      {
        start: expect.any(Date),
        salesCount: 1,
        gross: usd(1999),
        fee: usd(400),
        refunds: usd(0),
        net: usd(1599),
      },
    ])
    expect(await revenueOf(buyer)).toEqual([])
  })
})

describe('the net of the revenue is what the balances have, and a buyer got back what is in refunds, of a sale', () => {
  test.each<[string, Rule[], { fee: number; refunds: number }]>([
    ['that was paid', [], { fee: 400, refunds: 0 }],
    ['that was released', [released], { fee: 400, refunds: 0 }],
    ['whose refund is claimed', [refund], { fee: 0, refunds: 1999 }],
    ['that was refunded', [refund, refundDone], { fee: 0, refunds: 1999 }],
    ['that was refunded after the release', [released, refund, refundDone], { fee: 0, refunds: 1999 }],
    ['whose refund failed', [refund, refundFailed], { fee: 400, refunds: 0 }],
    ['that is disputed', [disputed('OPEN')], { fee: 0, refunds: 1999 }],
    ['whose dispute the seller won', [disputed('OPEN'), disputed('WON'), released], { fee: 400, refunds: 0 }],
    ['that is disputed after a refund', [refund, refundDone, disputed('LOST')], { fee: 0, refunds: 1999 }],
    ['whose refund failed while it was disputed', [refund, disputed('OPEN'), refundFailed], { fee: 0, refunds: 1999 }],
    [
      'whose refund failed, and whose dispute the seller won then',
      [refund, disputed('OPEN'), refundFailed, disputed('WON')],
      { fee: 400, refunds: 0 },
    ],
    [
      'that was refunded, and whose dispute the seller won',
      [refund, disputed('OPEN'), refundDone, disputed('WON')],
      { fee: 0, refunds: 1999 },
    ],
  ])('%s', async (_, rules, { fee, refunds }) => {
    const seller = await market.person('ann')
    const id = await sellAt(market, seller, new Date())
    for (const rule of rules) await move(market, id, rule)
    const revenue = await revenueOf(seller)
    const sum = (part: 'gross' | 'fee' | 'refunds' | 'net') =>
      revenue.reduce((total, period) => total + cents(period[part]), 0)
    const [balance] = await balancesOf(seller)
    expect({ gross: sum('gross'), fee: sum('fee'), refunds: sum('refunds') }).toEqual({ gross: 1999, fee, refunds })
    expect(sum('net')).toBe(1999 - fee - refunds)
    expect(sum('net')).toBe(cents(balance!.pending) + cents(balance!.available))
  })

  test('of which the seller has nothing', async () => {
    const seller = await market.person('ann')
    await sellAt(market, seller, new Date(), { fee: 1999n })
    const second = await sellAt(market, seller, new Date(), { fee: 1999n })
    await move(market, second, refund)
    expect(await revenueOf(seller)).toMatchObject([
      { salesCount: 2, gross: usd(3998), fee: usd(1999), refunds: usd(1999), net: usd(0) },
    ])
  })
})

describe('GetRevenue', () => {
  let seller: Person

  // Sundays and Mondays, the last and the first moment of a month, and a sale in another currency.
  beforeAll(async () => {
    seller = await market.person('cho')
    await sellAt(market, seller, at('2026-02-28T23:59:59.999Z'))
    const march = await sellAt(market, seller, at('2026-03-01T00:00:00.000Z'), { amount: 1000n, fee: 200n })
    await sellAt(market, seller, at('2026-03-02T00:00:00.000Z'), { amount: 500n, fee: 100n })
    await sellAt(market, seller, at('2026-03-02T10:00:00.000Z'), { amount: 700n, fee: 140n, currency: 'EUR' })
    await move(market, march, refund, at('2026-03-08T23:59:59.999Z'))
  })

  const march = { from: at('2026-02-01T00:00:00Z'), to: at('2026-03-31T00:00:00Z') }
  const brief = async (request: Partial<GetRevenueRequest>) =>
    (await revenueOf(seller, request)).map(({ start, salesCount, gross, fee, refunds, net }) => [
      start!.toISOString().slice(0, 10),
      salesCount,
      ...[gross, fee, refunds, net].map(cents),
    ])

  test('counts by days, which are those of UTC, with what was given back on the day of the refund', async () => {
    const days = [
      ['2026-02-28', 1, 1999, 400, 0, 1599],
      ['2026-03-01', 1, 1000, 200, 0, 800],
      ['2026-03-02', 1, 500, 100, 0, 400],
      ['2026-03-08', 0, 0, -200, 1000, -800],
    ]
    expect(await brief(march)).toEqual(days)
    expect(await brief({ ...march, period: Period.DAY })).toEqual(days)
  })

  test('counts by weeks, which begin on Monday', async () => {
    expect(await brief({ ...march, period: Period.WEEK })).toEqual([
      ['2026-02-23', 2, 2999, 600, 0, 2399],
      ['2026-03-02', 1, 500, -100, 1000, -400],
    ])
  })

  test('counts by months, and by 30 of them when it is not said from when', async () => {
    const months = [
      ['2026-02-01', 1, 1999, 400, 0, 1599],
      ['2026-03-01', 2, 1500, 100, 1000, 400],
    ]
    expect(await brief({ ...march, period: Period.MONTH })).toEqual(months)
    expect(await brief({ to: at('2028-08-01T00:00:00Z'), period: Period.MONTH })).toEqual(months)
    expect(await brief({ to: at('2028-09-01T00:00:00Z'), period: Period.MONTH })).toEqual(months.slice(1))
  })

  test('has the whole periods of both ends, whenever these are in them', async () => {
    const day = at('2026-03-01T12:00:00Z')
    expect(await brief({ from: day, to: day })).toEqual([['2026-03-01', 1, 1000, 200, 0, 800]])
  })

  test('is of one currency', async () => {
    expect(await revenueOf(seller, { ...march, currency: 'EUR' })).toMatchObject([
      { salesCount: 1, gross: eur(700), fee: eur(140), refunds: eur(0), net: eur(560) },
    ])
    expect(await brief({ ...march, currency: 'GBP' })).toEqual([])
  })

  test('takes the earliest and the latest times that there are', async () => {
    const [first, last] = [at('0001-01-01T00:00:00Z'), at('9999-12-31T23:59:59Z')]
    expect(await brief({ to: first, period: Period.MONTH })).toEqual([])
    expect(await brief({ to: last, period: Period.MONTH })).toEqual([])
  })

  test.each<[string, Partial<GetRevenueRequest>, string]>([
    ['more than 400 periods', { from: at('2026-01-01T00:00:00Z'), to: at('2027-02-05T00:00:00Z') }, 'from'],
    ['a beginning after the end', { from: at('2026-01-02T00:00:00Z'), to: at('2026-01-01T23:59:59Z') }, 'from'],
    ['a period that there is not', { period: 9 as Period }, 'period'],
    ['no currency', { currency: 'usd' }, 'currency'],
  ])('refuses %s', async (_, request, field) => {
    const error = await rejection(revenueOf(seller, request))
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field }] })
  })

  test('has 400 periods', async () => {
    const range = { from: at('2026-01-01T00:00:00Z'), to: at('2027-02-04T00:00:00Z') }
    expect(await brief(range)).toHaveLength(4)
  })
})

describe('what is a seller’s', () => {
  test('is for whoever signed in, and for applications with the scope of the market', async () => {
    const userId = v7()
    const tokenWith = async (scope: string) => ({
      token: await market.identity.tokenFor({ userId, username: 'ann' }, { scope, client_id: v7() }),
    })
    const { sellers } = market
    expect(await sellers.getBalance({}, await tokenWith('market'))).toEqual({ balances: [] })
    expect(await rejection(sellers.getBalance({}, await tokenWith('prompts:read')))).toMatchObject({
      code: status.PERMISSION_DENIED,
      reason: 'SCOPE_MISSING',
    })
    expect(await rejection(sellers.getBalance({}))).toMatchObject({ code: status.UNAUTHENTICATED })
    const nobody: Person = { userId, as: {} }
    expect(await rejection(revenueOf(nobody))).toMatchObject({ code: status.UNAUTHENTICATED })
  })
})
