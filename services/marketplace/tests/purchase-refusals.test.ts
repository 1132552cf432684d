import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { status as code } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import type { PurchaseListingRequest } from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import { Transaction_Status as Status } from '#contracts/gen/promptforge/marketplace/v1/transaction.ts'
import { notify } from './notices.ts'
import { type Marketplace, type Person, startMarketplace, usd } from './harness.ts'

let market: Marketplace
let seller: Person
let buyer: Person

beforeAll(async () => {
  market = await startMarketplace()
  seller = await market.person('ann')
  buyer = await market.person('bob')
})
afterAll(() => market.stop())

/** How many transactions and payments there are. */
const counted = async () => {
  const [row] = await market.database.query<{ count: number }>('select count(*)::integer from transactions')
  return { transactions: row!.count, lines: (await market.payments.control.journal()).length }
}

/** What a purchase is refused with, which has changed nothing and asked the provider for nothing. */
async function refused(purchase: () => Promise<unknown>) {
  const before = await counted()
  const { code: answered, reason, violations } = await rejection(purchase())
  expect(await counted()).toEqual(before)
  return { code: answered, reason, fields: violations.map(({ field }) => field) }
}

const precondition = (reason: string) => ({ code: code.FAILED_PRECONDITION, reason, fields: [] })
const invalid = (...fields: string[]) => ({ code: code.INVALID_ARGUMENT, reason: 'VALIDATION_FAILED', fields })

describe('a purchase is refused', () => {
  test.each<[string, Partial<PurchaseListingRequest>, ReturnType<typeof invalid>]>([
    ['without a request id', { requestId: undefined }, invalid('request_id')],
    [
      'at a price of parts of a cent',
      { expectedPrice: { ...usd(1999), nanos: 999_000_000 } },
      invalid('expected_price'),
    ],
    [
      'at a price below zero',
      { expectedPrice: { currencyCode: 'USD', units: -50n, nanos: 0 } },
      invalid('expected_price'),
    ],
    ['at a price of nothing', { expectedPrice: usd(0) }, invalid('expected_price')],
    [
      'at a price of 100,000,000.00',
      { expectedPrice: { currencyCode: 'USD', units: 100_000_000n, nanos: 0 } },
      invalid('expected_price'),
    ],
    [
      'in a currency that is not sold in',
      { expectedPrice: { ...usd(1999), currencyCode: 'JPY' } },
      invalid('expected_price.currency_code'),
    ],
    [
      'with everything wrong at once',
      { expectedPrice: { currencyCode: 'JPY', units: -1n, nanos: 0 }, requestId: undefined },
      invalid('expected_price.currency_code', 'expected_price', 'request_id'),
    ],
    ['with the number of a card', { paymentMethod: '4242424242424242' }, invalid('payment_method')],
    ['without a payment method', { paymentMethod: '' }, invalid('payment_method')],
    ['of no type', { licenseType: License_Type.UNSPECIFIED }, invalid('license_type')],
    ['of a type that is not sold', { licenseType: License_Type.COMMERCIAL }, precondition('LICENSE_TYPE_NOT_SOLD')],
    [
      'in another currency than the listing’s',
      { expectedPrice: { ...usd(1999), currencyCode: 'EUR' } },
      { code: code.ABORTED, reason: 'PRICE_CHANGED', fields: [] },
    ],
    [
      'of a listing that does not exist',
      { listingId: randomUUID() },
      { code: code.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND', fields: [] },
    ],
  ])('%s', async (_, fields, refusal) => {
    const { listingId } = await market.list(seller)
    expect(await refused(() => market.buy(buyer, listingId, fields))).toEqual(refusal)
  })

  test('of the caller’s own listing', async () => {
    const { listingId } = await market.list(seller)
    expect(await refused(() => market.buy(seller, listingId))).toEqual(precondition('OWN_LISTING'))
  })

  test('without a token', async () => {
    const { listingId } = await market.list(seller)
    const nobody = { userId: '', as: {} }
    expect(await refused(() => market.buy(nobody, listingId))).toMatchObject({ code: code.UNAUTHENTICATED })
  })

  test.each(['REMOVED', 'SOLD'])('of a listing that is %s', async (status) => {
    const { listingId } = await market.list(seller, { exclusive: true })
    await market.database.query('update prompt_listings set status = $2 where id = $1', [listingId, status])
    expect(await refused(() => market.buy(buyer, listingId))).toEqual(precondition('LISTING_NOT_ACTIVE'))
  })

  test('with a request id of another purchase, whatever differs', async () => {
    const [{ listingId }, other] = [
      await market.list(seller, { commercialPrice: usd(1999) }),
      await market.list(seller),
    ]
    const requestId = randomUUID()
    await market.buy(buyer, listingId, { requestId })
    const differing: [string, Partial<PurchaseListingRequest>][] = [
      [other.listingId, {}],
      [listingId, { licenseType: License_Type.COMMERCIAL }],
      [listingId, { paymentMethod: 'pm_card_mastercard' }],
      [listingId, { expectedPrice: usd(2000) }],
    ]
    for (const [id, fields] of differing)
      expect(await refused(() => market.buy(buyer, id, { ...fields, requestId }))).toEqual(
        precondition('REQUEST_ID_REUSED'),
      )
    // Of somebody else it is another purchase.
    const cleo = await market.person('cleo')
    expect((await market.buy(cleo, listingId, { requestId })).transaction!.status).toBe(Status.COMPLETED)
  })

  test('of a licence that the buyer has, which the refusal names', async () => {
    const { listingId } = await market.list(seller)
    const { license } = await market.buy(buyer, listingId)
    expect(await rejection(market.buy(buyer, listingId))).toMatchObject({
      reason: 'ALREADY_LICENSED',
      metadata: { license_id: license!.licenseId },
    })
    expect(await refused(() => market.buy(buyer, listingId))).toEqual(precondition('ALREADY_LICENSED'))
  })

  test('by other terms while the buyer pays for the same licence', async () => {
    const promptId = market.promptOf(seller)
    const { listingId } = await market.list(seller, { promptId })
    await market.payments.control.order({ call: 'confirm', slow: { ms: 60_000, end: 'succeeded' } })
    await market.buy(buyer, listingId)
    await market.payments.control.order()
    await market.database.query('update prompt_listings set price = 25 where id = $1', [listingId])
    expect(await refused(() => market.buy(buyer, listingId, { expectedPrice: usd(2500) }))).toMatchObject({
      code: code.ABORTED,
      reason: 'CONCURRENT_CHANGE',
    })
  })
})

test('a licence whose time is over is renewed, and there is never more than one that is active', async () => {
  const { listingId, promptId } = await market.list(seller, { durationDays: 30 })
  const first = await market.buy(buyer, listingId)
  const days = (first.license!.expiresAt!.getTime() - first.license!.createdAt!.getTime()) / 86_400_000
  expect(days).toBe(30)
  await market.database.query(`update licenses set expires_at = now() - interval '1 second' where id = $1`, [
    first.license!.licenseId,
  ])
  const second = await market.buy(buyer, listingId)
  expect(second.license!.licenseId).not.toBe(first.license!.licenseId)
  const rows = await market.database.query(
    'select id, is_active from licenses where prompt_id = $1 and buyer_id = $2 order by created_at',
    [promptId, buyer.userId],
  )
  expect(rows).toEqual([
    { id: first.license!.licenseId, is_active: false },
    { id: second.license!.licenseId, is_active: true },
  ])
})

test('without a payment provider nothing is bought, and no notice is taken', async () => {
  const closed = await startMarketplace({ withoutPayments: true })
  try {
    const [owner, customer] = [await closed.person('ann'), await closed.person('bob')]
    const { listingId } = await closed.list(owner)
    const refusal = { code: code.FAILED_PRECONDITION, reason: 'PAYMENTS_NOT_CONFIGURED' }
    expect(await rejection(closed.buy(customer, listingId))).toMatchObject(refusal)
    expect(await rejection(notify(closed, '{}', 't=1,v1=a'))).toMatchObject(refusal)
    expect(await closed.database.query('select from transactions')).toEqual([])
  } finally {
    await closed.stop()
  }
})
