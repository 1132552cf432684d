import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { jobCause } from '#chassis/cause.ts'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { Listing_Status } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import {
  type Transaction,
  Transaction_DisputeState as DisputeState,
  Transaction_RefundState as RefundState,
} from '#contracts/gen/promptforge/marketplace/v1/transaction.ts'
import {
  age,
  bought,
  comes,
  DAY,
  disagreements,
  dispute,
  kinds,
  read,
  reconciled,
  refund,
  released,
  runJob,
  tellOfDispute,
} from './after-purchase.ts'
import { type Marketplace, type Person, startMarketplace } from './harness.ts'
import { passNotices } from './notices.ts'

let market: Marketplace
let replica: Marketplace
let notices: AsyncDisposable
let seller: Person
let buyer: Person

beforeAll(async () => {
  market = await startMarketplace()
  replica = await startMarketplace({ replicaOf: market })
  notices = await passNotices(market)
  seller = await market.person('ann')
  buyer = await market.person('bob')
})
afterEach(() => market.payments.control.order())
afterAll(async () => {
  await notices[Symbol.asyncDispose]()
  await replica.stop()
  await market.stop()
})

/** What the provider tells of a refund. */
const NOTICE = { id: 'evt_1', kind: 'REFUND', payment: undefined } as const

const isDone = ({ refundState }: Transaction) => refundState === RefundState.DONE
const hasFailed = ({ refundState }: Transaction) => refundState === RefundState.REFUND_FAILED

describe('a refund', () => {
  test('while the provider does not work is claimed at once, and carried out when it works again', async () => {
    const { id, license } = await bought(market, seller, buyer)
    await market.payments.control.order({ call: 'list-refunds', break: '500-before' })
    expect((await refund(market, id, seller)).refundState).toBe(RefundState.REQUESTED)
    expect(market.entitlements.at(-1)).toMatchObject({ licenseId: license.licenseId, active: false })
    expect(await kinds(market, id)).toEqual(['PURCHASE', 'REFUND'])
    await reconciled(market, id)
    expect((await read(market, id, buyer)).refundState).toBe(RefundState.REQUESTED)
    await market.payments.control.order()
    await reconciled(market, id)
    expect(isDone(await read(market, id, buyer))).toBe(true)
    expect((await market.payments.control.of(id)).refunds).toHaveLength(1)
    expect(await kinds(market, id)).toEqual(['PURCHASE', 'REFUND', 'REFUND_SETTLED'])
  })

  test.each(['cut-after', '500-after'] as const)('whose answer is lost (%s) is made once', async (how) => {
    const { id } = await bought(market, seller, buyer)
    const silent = { call: 'webhook', payment: id, copies: 0 } as const
    await market.payments.control.order({ call: 'refund', payment: id, break: how, times: 1 }, silent)
    expect((await refund(market, id, seller)).refundState).toBe(RefundState.REQUESTED)
    expect((await market.payments.control.of(id)).refunds).toHaveLength(1)
    await reconciled(market, id)
    expect(isDone(await read(market, id, buyer))).toBe(true)
    expect((await market.payments.control.of(id)).refunds).toHaveLength(1)
  })

  test.each(['cut-before', '429'] as const)('that the provider did not get (%s) is asked for again', async (how) => {
    const { id } = await bought(market, seller, buyer)
    await market.payments.control.order({ call: 'refund', payment: id, break: how, times: 1 })
    expect((await refund(market, id, seller)).refundState).toBe(RefundState.REQUESTED)
    await reconciled(market, id)
    expect(isDone(await read(market, id, buyer))).toBe(true)
  })

  test('that was answered with a fault is carried out when the provider has forgotten the answer', async () => {
    const { id } = await bought(market, seller, buyer)
    await market.payments.control.order({ call: 'refund', payment: id, break: '500-before', times: 1 })
    await refund(market, id, seller)
    await reconciled(market, id)
    expect((await read(market, id, buyer)).refundState).toBe(RefundState.REQUESTED)
    await market.payments.control.forgetKeys()
    await reconciled(market, id)
    expect(isDone(await read(market, id, buyer))).toBe(true)
    expect((await market.payments.control.of(id)).refunds).toHaveLength(1)
  })

  test('on its way stays requested until the provider tells that it has come', async () => {
    const { id } = await bought(market, seller, buyer)
    await market.payments.control.order({ call: 'refund', payment: id, slow: { ms: 3000, end: 'succeeded' } })
    expect((await refund(market, id, seller)).refundState).toBe(RefundState.REQUESTED)
    await comes(market, 'the refund', id, buyer, isDone)
  })

  test('that fails leaves the money with the seller, the sale counted, and the licence revoked', async () => {
    const { id, license, listing } = await bought(market, seller, buyer)
    await market.payments.control.order({ call: 'refund', payment: id, slow: { ms: 50, end: 'failed' } })
    await refund(market, id, seller)
    await comes(market, 'the failure', id, buyer, hasFailed)
    expect(await kinds(market, id)).toEqual(['PURCHASE', 'REFUND', 'REFUND_REVERSED'])
    expect((await readOutbox(market.database, id)).map(({ name }) => name)).toEqual([
      'purchase.completed',
      'purchase.refunded',
      'purchase.restored',
    ])
    expect(await market.listings.getListing(listing)).toMatchObject({ listing: { salesCount: 1 } })
    const [kept] = await market.database.query('select is_active from licenses where id = $1', [license.licenseId])
    expect(kept).toEqual({ is_active: false })
    expect(await rejection(refund(market, id, seller))).toMatchObject({ reason: 'REFUND_IMPOSSIBLE' })
    await released(market, id)
    expect((await kinds(market, id)).at(-1)).toBe('RELEASE')
  })

  test('of an exclusive licence that fails counts the sale again, and leaves the listing removed', async () => {
    const { listingId } = await market.list(seller, { exclusive: true })
    const { transaction } = await market.buy(buyer, listingId)
    const id = transaction!.transactionId
    await market.payments.control.order({ call: 'refund', payment: id, slow: { ms: 50, end: 'failed' } })
    await refund(market, id, seller)
    await comes(market, 'the failure', id, buyer, hasFailed)
    const { listing } = await market.listings.getListing({ listingId }, seller.as)
    expect(listing).toMatchObject({ status: Listing_Status.REMOVED, salesCount: 1 })
  })

  test('that was done, and that the bank sends back later, returns the money to the seller', async () => {
    const { id } = await bought(market, seller, buyer, 'pm_card_refundFail')
    expect(isDone(await refund(market, id, seller))).toBe(true)
    await comes(market, 'the failure', id, buyer, hasFailed)
    expect((await read(market, id, buyer)).refundedAt).toBeUndefined()
    expect(await kinds(market, id)).toEqual(['PURCHASE', 'REFUND', 'REFUND_SETTLED', 'REFUND_REVERSED'])
  })

  test('that was made at the provider before is done when it is requested', async () => {
    const { id } = await bought(market, seller, buyer)
    const { control } = market.payments
    await control.order({ call: 'webhook', payment: id, copies: 0 })
    const [payment] = (await control.of(id)).payments
    await market.service.context.payments.refund(randomUUID(), payment!.id)
    expect(isDone(await refund(market, id, seller))).toBe(true)
    expect((await control.of(id)).refunds).toHaveLength(1)
  })

  test('of a payment that is disputed meanwhile is refused by the provider: the dispute has the money', async () => {
    const { id } = await bought(market, seller, buyer)
    await market.payments.control.order({ call: 'webhook', payment: id, copies: 0 })
    await dispute(market, id)
    expect(hasFailed(await refund(market, id, seller))).toBe(true)
    await tellOfDispute(market, id)
    await comes(market, 'the dispute', id, buyer, ({ disputeState }) => disputeState === DisputeState.OPEN)
    expect(await kinds(market, id)).toEqual(['PURCHASE', 'REFUND', 'REFUND_REVERSED', 'DISPUTE'])
  })

  test('goes on when its caller leaves', async () => {
    const { id } = await bought(market, seller, buyer)
    await market.payments.control.order({ call: 'refund', payment: id, beforeMs: 3000 })
    const left = market.purchases.refundTransaction(
      { transactionId: id, reason: '' },
      { ...seller.as, timeoutMs: 2000 },
    )
    await rejection(left)
    await comes(market, 'the refund', id, buyer, isDone)
  })

  test('that handler, notices and reconcilers settle at once is settled once', async () => {
    const { id } = await bought(market, seller, buyer)
    await market.payments.control.order(
      { call: 'refund', payment: id, afterMs: 300 },
      { call: 'webhook', payment: id, copies: 3 },
    )
    const { userId } = seller
    const there = { userId, as: { token: await replica.identity.tokenFor({ userId, username: 'ann' }) } }
    const asked = [refund(market, id, seller), refund(replica, id, there)]
    await comes(market, 'the claim', id, buyer, ({ refundState }) => refundState !== RefundState.UNSPECIFIED)
    await market.database.query('update transactions set next_check_at = now() where id = $1', [id])
    const settle = (one: Marketplace) => one.service.context.sales.handle(NOTICE, id, jobCause('test'))
    const work = [market, replica].flatMap((one) => [
      settle(one),
      settle(one),
      runJob(one, 'settle payments and refunds'),
    ])
    await Promise.all([...asked, ...work])
    await comes(market, 'the refund', id, buyer, isDone)
    expect((await market.payments.control.of(id)).refunds).toHaveLength(1)
    expect(await kinds(market, id)).toEqual(['PURCHASE', 'REFUND', 'REFUND_SETTLED'])
  })

  test('at once with the release takes the money once', async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await bought(market, seller, buyer)
      await age(market, id, 14 * DAY)
      await Promise.all([runJob(market, 'release sales'), refund(market, id, seller), runJob(replica, 'release sales')])
      await comes(market, 'the refund', id, buyer, isDone)
      expect((await kinds(market, id)).filter((kind) => kind === 'REFUND')).toHaveLength(1)
    }
  })

  test('at once with a dispute gives the money back once, as far as the provider lets it', async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await bought(market, seller, buyer)
      const asked = refund(market, id, seller).catch(({ details }: Error & { details?: string }) => details)
      const [, answer] = await Promise.all([dispute(market, id), asked])
      await comes(market, 'the dispute', id, buyer, ({ disputeState }) => disputeState === DisputeState.OPEN)
      if (typeof answer === 'string') expect(answer).toMatch(/bank examines this payment/)
      await comes(market, 'an end', id, buyer, ({ refundState }) => refundState !== RefundState.REQUESTED)
    }
  })
})

test('after all of this the books balance, and equal those of the payment provider', async () => {
  expect(await disagreements(market)).toEqual([])
})
