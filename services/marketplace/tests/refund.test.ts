import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { Listing_Status } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import { ListTransactionsRequest_Role as Role } from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import {
  Transaction_RefundState as RefundState,
  Transaction_Status as Status,
} from '#contracts/gen/promptforge/marketplace/v1/transaction.ts'
import { age, bought, DAY, disagreements, HOUR, kinds, postings, read, refund, released } from './after-purchase.ts'
import { type Marketplace, type Person, startMarketplace, usd } from './harness.ts'

let market: Marketplace
let seller: Person
let buyer: Person
let admin: Person
let stranger: Person

beforeAll(async () => {
  market = await startMarketplace()
  seller = await market.person('ann')
  buyer = await market.person('bob')
  admin = await market.person('eve', 'ADMIN')
  stranger = await market.person('sam')
})
afterAll(() => market.stop())

const events = async (aggregate: string) => (await readOutbox(market.database, aggregate)).map(({ name }) => name)

describe('GetTransaction', () => {
  test('shows a transaction to its buyer without the fee, to its seller and to administrators with it, and to nobody else', async () => {
    const { id } = await bought(market, seller, buyer)
    const asBuyer = await read(market, id, buyer)
    expect(asBuyer).toMatchObject({ transactionId: id, status: Status.COMPLETED, amount: usd(1999), fee: undefined })
    for (const person of [seller, admin]) expect(await read(market, id, person)).toEqual({ ...asBuyer, fee: usd(400) })
    expect(await rejection(read(market, id, stranger))).toMatchObject({ code: status.NOT_FOUND })
    expect(await rejection(read(market, stranger.userId, buyer))).toMatchObject({ code: status.NOT_FOUND })
  })
})

describe('ListTransactions', () => {
  test('lists purchases and sales, the newest first, each once', async () => {
    const [dealer, client] = [await market.person('deb'), await market.person('cid')]
    const ids: string[] = []
    for (let count = 0; count < 3; count++) ids.unshift((await bought(market, dealer, client)).id)
    const list = async (person: Person, role: Role) => {
      const seen: string[] = []
      let pageToken = ''
      do {
        const page = await market.purchases.listTransactions({ pageSize: 2, pageToken, role }, person.as)
        expect(page.transactions.every(({ fee }) => (fee === undefined) === (role !== Role.SELLER))).toBe(true)
        seen.push(...page.transactions.map(({ transactionId }) => transactionId))
        pageToken = page.nextPageToken
      } while (pageToken !== '')
      return seen
    }
    expect(await list(client, Role.UNSPECIFIED)).toEqual(ids)
    expect(await list(client, Role.BUYER)).toEqual(ids)
    expect(await list(client, Role.SELLER)).toEqual([])
    expect(await list(dealer, Role.SELLER)).toEqual(ids)
    expect(await list(dealer, Role.BUYER)).toEqual([])
  })

  test('refuses the token of the other list', async () => {
    for (let count = 0; count < 2; count++) await bought(market, seller, buyer)
    const { nextPageToken } = await market.purchases.listTransactions(
      { pageSize: 1, pageToken: '', role: Role.BUYER },
      buyer.as,
    )
    const other = market.purchases.listTransactions(
      { pageSize: 1, pageToken: nextPageToken, role: Role.SELLER },
      buyer.as,
    )
    expect(await rejection(other)).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'PAGE_TOKEN_INVALID' })
  })
})

describe('RefundTransaction', () => {
  test('gives a new purchase back to its buyer, revokes the licence, and takes the sale back', async () => {
    const person = await market.person('kim')
    const { id, license, listing } = await bought(market, seller, person)
    const before = await postings(market, id)
    const transaction = await refund(market, id, person, 'not what I need')
    expect(transaction).toMatchObject({
      status: Status.COMPLETED,
      refundState: RefundState.DONE,
      refundReason: 'not what I need',
      refundedAt: expect.any(Date),
    })
    expect((await postings(market, id)).slice(before.length)).toEqual([
      'REFUND fee -400 refund_clearing 1999 seller_pending -1599',
      'REFUND_SETTLED external 1999 refund_clearing -1999',
    ])
    expect(market.entitlements.at(-1)).toMatchObject({ licenseId: license.licenseId, active: false, revision: 2n })
    expect((await market.listings.getListing({ listingId: listing.listingId })).listing!.salesCount).toBe(0)
    expect(await events(id)).toEqual(['purchase.completed', 'purchase.refunded'])
    expect(await events(license.licenseId)).toEqual(['license.granted', 'license.revoked'])
    const { refunds } = await market.payments.control.of(id)
    expect(refunds).toMatchObject([{ amount: 1999, status: 'succeeded' }])
    expect(await disagreements(market)).toEqual([])
  })

  test('takes from what is available after the release, when the seller or an administrator asks', async () => {
    for (const person of [seller, admin]) {
      const { id } = await bought(market, seller, await market.person('kim'))
      await released(market, id)
      expect((await refund(market, id, person)).refundState).toBe(RefundState.DONE)
      expect(await postings(market, id)).toEqual([
        'PURCHASE external -1999 fee 400 seller_pending 1599',
        'RELEASE seller_available 1599 seller_pending -1599',
        'REFUND fee -400 refund_clearing 1999 seller_available -1599',
        'REFUND_SETTLED external 1999 refund_clearing -1999',
      ])
    }
    expect(await disagreements(market)).toEqual([])
  })

  test('changes nothing when it is asked for again, by whomever, also at once', async () => {
    const person = await market.person('kim')
    const { id } = await bought(market, seller, person)
    const answers = await Promise.all(
      [person, seller, admin, person, seller].map((one) => refund(market, id, one, one.userId)),
    )
    expect(new Set(answers.map(({ refundReason }) => refundReason)).size).toBe(1)
    for (const answer of answers) expect(answer.refundState).toBe(RefundState.DONE)
    expect(await refund(market, id, person, 'again')).toMatchObject({ refundReason: answers[0]!.refundReason })
    expect((await market.payments.control.of(id)).refunds).toHaveLength(1)
    expect(await kinds(market, id)).toEqual(['PURCHASE', 'REFUND', 'REFUND_SETTLED'])
  })

  test('does not exist for a stranger', async () => {
    const { id } = await bought(market, seller, buyer)
    expect(await rejection(refund(market, id, stranger))).toMatchObject({ code: status.NOT_FOUND })
    expect(await kinds(market, id)).toEqual(['PURCHASE'])
  })

  test('is the buyer’s for 48 hours, and the seller’s after that', async () => {
    const person = await market.person('kim')
    const { id } = await bought(market, seller, person)
    await age(market, id, 48 * HOUR)
    expect(await rejection(refund(market, id, person))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'REFUND_WINDOW_OVER',
    })
    expect((await refund(market, id, seller)).refundState).toBe(RefundState.DONE)
  })

  test('is the buyer’s three times in 30 days, also when several are asked for at once', async () => {
    const person = await market.person('kim')
    const ids = await Promise.all(Array.from({ length: 5 }, async () => (await bought(market, seller, person)).id))
    // What the seller gives back is not counted.
    await refund(market, ids.pop()!, seller)
    const outcomes = await Promise.all(
      ids.map((id) =>
        refund(market, id, person).then(
          () => 'DONE',
          ({ details }) => details,
        ),
      ),
    )
    expect(outcomes.filter((one) => one === 'DONE')).toHaveLength(3)
    const left = ids[outcomes.findIndex((one) => one !== 'DONE')]!
    expect(await rejection(refund(market, left, person))).toMatchObject({ reason: 'TOO_MANY_REFUNDS' })
    const earlier = "update transactions set refund_requested_at = now() - interval '30 days' where id = $1"
    await market.database.query(earlier, [ids.find((id) => id !== left)])
    expect((await refund(market, left, person)).refundState).toBe(RefundState.DONE)
  })

  test('of a purchase that was not paid is refused', async () => {
    const { listingId } = await market.list(seller)
    const { transaction } = await market.buy(buyer, listingId, { paymentMethod: 'pm_card_chargeDeclined' })
    expect(await rejection(refund(market, transaction!.transactionId, seller))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'TRANSACTION_NOT_COMPLETED',
    })
  })

  test('removes the listing of an exclusive licence', async () => {
    const person = await market.person('kim')
    const { listingId } = await market.list(seller, { exclusive: true })
    const { transaction } = await market.buy(person, listingId)
    await refund(market, transaction!.transactionId, seller)
    const { listing } = await market.listings.getListing({ listingId }, seller.as)
    expect(listing).toMatchObject({ status: Listing_Status.REMOVED, salesCount: 0 })
    expect(await events(listingId)).toEqual(['listing.created', 'listing.removed'])
  })

  test('lets the buyer buy again', async () => {
    const person = await market.person('kim')
    const { id, listing } = await bought(market, seller, person)
    await refund(market, id, person)
    const again = await market.buy(person, listing.listingId)
    expect(again).toMatchObject({ transaction: { status: Status.COMPLETED }, license: { isActive: true } })
    expect(await disagreements(market)).toEqual([])
  })

  test('needs a payment provider', async () => {
    await using stack = new AsyncDisposableStack()
    const without = await startMarketplace({ withoutPayments: true })
    stack.defer(() => without.stop())
    const error = await rejection(refund(without, buyer.userId, await without.person('bob')))
    expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'PAYMENTS_NOT_CONFIGURED' })
  })
})

test('a sale is released 14 days after it was paid, once', async () => {
  const { id } = await bought(market, seller, buyer)
  await age(market, id, 14 * DAY - HOUR)
  await released(market, (await bought(market, seller, buyer)).id)
  expect(await kinds(market, id)).toEqual(['PURCHASE'])
  await age(market, id, HOUR)
  await Promise.all([released(market, id), released(market, id)])
  await released(market, id)
  expect(await kinds(market, id)).toEqual(['PURCHASE', 'RELEASE'])
  expect((await read(market, id, seller)).releasedAt).toBeInstanceOf(Date)
  expect(await disagreements(market)).toEqual([])
})
