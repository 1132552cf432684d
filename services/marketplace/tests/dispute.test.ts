import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { Listing_Status } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import {
  Transaction_DisputeState as DisputeState,
  Transaction_Status as Status,
} from '#contracts/gen/promptforge/marketplace/v1/transaction.ts'
import {
  bought,
  comes,
  disagreements,
  dispute,
  kinds,
  postings,
  read,
  refund,
  released,
  tellOfDispute,
} from './after-purchase.ts'
import { type Marketplace, type Person, startMarketplace } from './harness.ts'
import { passNotices } from './notices.ts'

let market: Marketplace
let notices: AsyncDisposable
let seller: Person
let buyer: Person

beforeAll(async () => {
  market = await startMarketplace()
  notices = await passNotices(market)
  seller = await market.person('ann')
})
beforeEach(async () => {
  buyer = await market.person('bob')
})
afterEach(() => market.payments.control.order())
afterAll(async () => {
  await notices[Symbol.asyncDispose]()
  await market.stop()
})

const is = (id: string, state: DisputeState) =>
  comes(market, 'what the bank said', id, seller, ({ disputeState }) => disputeState === state)

const licenseOf = async (id: string) => {
  const [license] = await market.database.query<{ is_active: boolean; revision: number; reason: string | null }>(
    'select is_active, revision, revoke_reason as reason from licenses where transaction_id = $1',
    [id],
  )
  return license!
}

const told = (licenseId: string, active: boolean, revision: bigint) =>
  until('the prompt service to be told', () =>
    market.entitlements.some(
      (one) => one.licenseId === licenseId && one.active === active && one.revision === revision,
    ),
  )

const REASON = "the buyer's bank asked for the money"

describe('a dispute', () => {
  test('takes the money and revokes the licence at once; when the seller wins, both are returned', async () => {
    const { id, license } = await bought(market, seller, buyer)
    const { decide } = await dispute(market, id)
    await is(id, DisputeState.OPEN)
    expect(await licenseOf(id)).toEqual({ is_active: false, revision: 2, reason: REASON })
    await told(license.licenseId, false, 2n)
    expect(await rejection(refund(market, id, seller))).toMatchObject({ reason: 'TRANSACTION_DISPUTED' })
    await released(market, id)
    await decide('won')
    await is(id, DisputeState.WON)
    expect(await licenseOf(id)).toEqual({ is_active: true, revision: 3, reason: null })
    await told(license.licenseId, true, 3n)
    await released(market, id)
    expect(await postings(market, id)).toEqual([
      'PURCHASE external -1999 fee 400 seller_pending 1599',
      'DISPUTE external 1999 fee -400 seller_pending -1599',
      'DISPUTE_REVERSED external -1999 fee 400 seller_pending 1599',
      'RELEASE seller_available 1599 seller_pending -1599',
    ])
  })

  test('that the seller loses after the release leaves the seller without the money', async () => {
    const { id, listing } = await bought(market, seller, buyer)
    await released(market, id)
    const { decide } = await dispute(market, id)
    await is(id, DisputeState.OPEN)
    await decide('lost')
    await is(id, DisputeState.LOST)
    expect((await postings(market, id)).slice(2)).toEqual(['DISPUTE external 1999 fee -400 seller_available -1599'])
    expect(await rejection(refund(market, id, seller))).toMatchObject({ reason: 'DISPUTE_LOST' })
    const { listing: now } = await market.listings.getListing({ listingId: listing.listingId })
    expect(now).toMatchObject({ salesCount: 0, status: Listing_Status.ACTIVE })
    const names = (await readOutbox(market.database, id)).map(({ name }) => name)
    expect(names).toEqual(['purchase.completed', 'purchase.refunded'])
  })

  test('that was lost and that the seller wins after all counts again', async () => {
    const { id, listing } = await bought(market, seller, buyer)
    const { decide } = await dispute(market, id)
    await decide('lost')
    await is(id, DisputeState.LOST)
    await decide('won')
    await is(id, DisputeState.WON)
    const { listing: now } = await market.listings.getListing({ listingId: listing.listingId })
    expect(now!.salesCount).toBe(1)
    const names = (await readOutbox(market.database, id)).map(({ name }) => name)
    expect(names).toEqual(['purchase.completed', 'purchase.refunded', 'purchase.restored'])
  })

  test('of which the end is heard before the begin, and everything twice, has each effect once', async () => {
    await market.payments.control.order(
      { call: 'webhook', event: 'charge.dispute.created', copies: 0 },
      { call: 'webhook', event: 'charge.dispute.closed', copies: 2 },
    )
    const [won, lost] = [await bought(market, seller, buyer), await bought(market, seller, buyer)]
    await (await dispute(market, won.id)).decide('won')
    await (await dispute(market, lost.id)).decide('lost')
    await is(won.id, DisputeState.WON)
    await is(lost.id, DisputeState.LOST)
    for (let time = 0; time < 2; time++) for (const { id } of [won, lost]) await tellOfDispute(market, id)
    expect(await kinds(market, won.id)).toEqual(['PURCHASE'])
    expect(await licenseOf(won.id)).toEqual({ is_active: true, revision: 1, reason: null })
    expect(await kinds(market, lost.id)).toEqual(['PURCHASE', 'DISPUTE'])
    expect(await licenseOf(lost.id)).toEqual({ is_active: false, revision: 2, reason: REASON })
  })

  test('that the seller wins grants no licence to who has bought another one, or whose time is over', async () => {
    const [first, timed] = [await bought(market, seller, buyer), await bought(market, seller, buyer)]
    const disputes = [await dispute(market, first.id), await dispute(market, timed.id)]
    for (const { id } of [first, timed]) await is(id, DisputeState.OPEN)
    const again = await market.buy(buyer, first.listing.listingId)
    expect(again.transaction!.status).toBe(Status.COMPLETED)
    await market.database.query('update licenses set expires_at = now() where transaction_id = $1', [timed.id])
    for (const { decide } of disputes) await decide('won')
    for (const { id } of [first, timed]) {
      await is(id, DisputeState.WON)
      expect(await licenseOf(id)).toMatchObject({ is_active: false, revision: 2 })
    }
  })

  test('of a purchase that was given back leaves the licence revoked when the seller wins', async () => {
    const { id } = await bought(market, seller, buyer)
    await refund(market, id, seller)
    const { decide } = await dispute(market, id)
    await is(id, DisputeState.OPEN)
    await decide('won')
    await is(id, DisputeState.WON)
    expect(await licenseOf(id)).toEqual({ is_active: false, revision: 2, reason: 'the purchase was refunded' })
    expect(await kinds(market, id)).toEqual(['PURCHASE', 'REFUND', 'REFUND_SETTLED', 'DISPUTE', 'DISPUTE_REVERSED'])
  })

  test('of a payment that is not known to be completed completes it first', async () => {
    const { listingId } = await market.list(seller)
    await market.payments.control.order(
      { call: 'webhook', event: 'payment_intent.succeeded', copies: 0 },
      { call: 'retrieve', break: '500-before', times: 1 },
    )
    const { transaction } = await market.buy(buyer, listingId)
    expect(transaction!.status).toBe(Status.PENDING)
    await dispute(market, transaction!.transactionId)
    await is(transaction!.transactionId, DisputeState.OPEN)
    expect((await read(market, transaction!.transactionId, buyer)).status).toBe(Status.COMPLETED)
    expect(await kinds(market, transaction!.transactionId)).toEqual(['PURCHASE', 'DISPUTE'])
  })
})

test('after all of this the books balance, and equal those of the payment provider', async () => {
  expect(await disagreements(market)).toEqual([])
})
