import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { v7 } from 'uuid'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { Listing_Status as Status } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import { UpdateListingRequest } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { Transaction_Status } from '#contracts/gen/promptforge/marketplace/v1/transaction.ts'
import { type Marketplace, type Person, startMarketplace, usd } from './harness.ts'

let market: Marketplace
let ann: Person
let bob: Person
let mod: Person

beforeAll(async () => {
  market = await startMarketplace()
  ann = await market.person('ann')
  bob = await market.person('bob')
  mod = await market.person('mod', 'MODERATOR')
})
afterAll(() => market.stop())

const update = async (listingId: string, fields: Partial<UpdateListingRequest>, { as } = ann) =>
  (await market.listings.updateListing(UpdateListingRequest.fromPartial({ listingId, ...fields }), as)).listing!
const remove = async (listingId: string, { as } = ann) =>
  (await market.listings.removeListing({ listingId }, as)).listing!
const get = async (listingId: string, { as } = ann) => (await market.listings.getListing({ listingId }, as)).listing!
const eventsOf = async (listingId: string) =>
  (await readOutbox(market.database, listingId)).map(({ name, payload }) => [
    name,
    (payload['actor'] as { userId?: string }).userId,
  ])

/** Sets a transaction in the place of a payment that is under way. */
const reserve = (listingId: string, by: string | null = v7()) =>
  market.database.query('update prompt_listings set reserved_tx = $2 where id = $1', [listingId, by])

describe('UpdateListing', () => {
  test('changes what it is told and leaves the rest, and says so by an event', async () => {
    const listing = await market.list(ann, { description: 'Old.', category: 'writing', commercialPrice: usd(5000) })
    const { listingId } = listing
    const changed = await update(listingId, { title: 'Better', price: usd(2500), includesUpdates: true, etag: '1' })
    const { updatedAt } = changed
    expect(updatedAt).toBeInstanceOf(Date)
    const expected = { ...listing, title: 'Better', price: usd(2500), includesUpdates: true, etag: '2', updatedAt }
    expect(changed).toEqual(expected)
    expect(await get(listingId)).toEqual(expected)
    expect(await eventsOf(listingId)).toEqual([
      ['listing.created', ann.userId],
      ['listing.updated', ann.userId],
    ])
  })

  test('clears what is optional, and changes nothing when nothing is another than before', async () => {
    const { listingId } = await market.list(ann, {
      description: 'Old.',
      category: 'writing',
      commercialPrice: usd(5000),
    })
    const cleared = await update(listingId, { description: '', category: '', withoutCommercial: true })
    expect(cleared).toMatchObject({ description: '', category: '', commercialPrice: undefined, etag: '2' })
    expect(await update(listingId, { description: '', price: usd(1999) })).toEqual(cleared)
    expect(await eventsOf(listingId)).toHaveLength(2)
  })

  test('sells another version, alone unless it is told from which on, without the samples of the former one', async () => {
    const promptId = market.promptOf(ann)
    const [former, next] = [v7(), v7()]
    market.samples.set(former, { promptId, promptVersion: 2 })
    market.samples.set(next, { promptId, promptVersion: 3 })
    const { listingId } = await market.list(ann, {
      promptId,
      promptVersion: 2,
      minVersion: 1,
      sampleTestIds: [former],
    })
    expect((await update(listingId, { title: 'New' })).samples).toHaveLength(1)
    expect(await update(listingId, { promptVersion: 3 })).toMatchObject({
      promptVersion: 3,
      minVersion: 3,
      samples: [],
    })
    expect(await update(listingId, { minVersion: 1, samples: { testIds: [next] } })).toMatchObject({
      promptVersion: 3,
      minVersion: 1,
      samples: [{ response: 'An answer' }],
    })
    const error = await rejection(update(listingId, { samples: { testIds: [former] } }))
    expect(error).toMatchObject({ reason: 'SAMPLE_UNUSABLE' })
    expect((await update(listingId, { samples: { testIds: [] } })).samples).toEqual([])
  })

  test('is what the next buyer pays and gets; licences that were sold stay as they are', async () => {
    const { listingId } = await market.list(ann, { promptVersion: 2 })
    const first = await market.buy(bob, listingId)
    await update(listingId, { price: usd(500), promptVersion: 3 })
    expect(await rejection(market.buy(mod, listingId))).toMatchObject({ reason: 'PRICE_CHANGED' })
    const second = await market.buy(mod, listingId, { expectedPrice: usd(500) })
    expect([first, second].map(({ license }) => license!.maxVersion)).toEqual([2, 3])
    expect((await get(listingId)).salesCount).toBe(2)
  })

  test('of a stale etag is refused with the present one; of many at once with one etag, one is made', async () => {
    const { listingId } = await market.list(ann)
    const many = await Promise.allSettled([1, 2, 3, 4].map((n) => update(listingId, { title: `T${n}`, etag: '1' })))
    expect(many.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
    expect(await rejection(update(listingId, { title: 'Late', etag: '1' }))).toMatchObject({
      code: status.ABORTED,
      reason: 'ETAG_STALE',
      metadata: { etag: '2' },
    })
  })

  test('is refused for somebody else’s listing, to moderators too, and for none', async () => {
    const { listingId } = await market.list(ann)
    for (const [id, who] of [
      [listingId, bob],
      [listingId, mod],
      [randomUUID(), ann],
    ] as const)
      expect(await rejection(update(id, { title: 'Mine' }, who))).toMatchObject({ code: status.NOT_FOUND })
    expect(await get(listingId)).toMatchObject({ title: 'A prompt', etag: '1' })
  })

  test('is refused for what was removed or sold, and while somebody pays for the only licence', async () => {
    const removed = await market.list(ann)
    await remove(removed.listingId)
    const sold = await market.list(ann, { exclusive: true })
    await market.buy(bob, sold.listingId)
    for (const { listingId } of [removed, sold])
      expect(await rejection(update(listingId, { title: 'New' }))).toMatchObject({
        code: status.FAILED_PRECONDITION,
        reason: 'LISTING_NOT_ACTIVE',
      })
    const { listingId } = await market.list(ann, { exclusive: true })
    await reserve(listingId)
    expect(await rejection(update(listingId, { title: 'New' }))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'LISTING_RESERVED',
    })
    await reserve(listingId, null)
    expect(await update(listingId, { title: 'New' })).toMatchObject({ title: 'New' })
  })

  test('is refused for a version that does not exist or that anyone may read', async () => {
    const promptId = market.promptOf(ann, { publicFrom: 3 })
    const { listingId } = await market.list(ann, { promptId, promptVersion: 2 })
    expect(await rejection(update(listingId, { promptVersion: 4 }))).toMatchObject({ code: status.NOT_FOUND })
    expect(await rejection(update(listingId, { promptVersion: 3 }))).toMatchObject({ reason: 'PROMPT_IS_PUBLIC' })
  })

  test('names all that is wrong in one error, and changes nothing', async () => {
    const { listingId } = await market.list(ann, { commercialPrice: usd(5000) })
    const eur = { currencyCode: 'EUR', units: 20n, nanos: 0 }
    const error = await rejection(
      update(listingId, {
        title: 'New',
        price: eur,
        commercialPrice: usd(6000),
        withoutCommercial: true,
        promptVersion: 1,
        minVersion: 2,
        category: 'unknown',
      }),
    )
    expect(error.code).toBe(status.INVALID_ARGUMENT)
    expect(error.violations.map(({ field }) => field)).toEqual([
      'min_version',
      'commercial_price.currency_code',
      'price.currency_code',
      'without_commercial',
      'category',
    ])
    expect(await rejection(update(listingId, { price: usd(5001) }))).toMatchObject({
      violations: [{ field: 'commercial_price' }],
    })
    expect(await rejection(update(listingId, { category: 'unknown' }))).toMatchObject({ reason: 'CATEGORY_UNKNOWN' })
    expect(await get(listingId)).toMatchObject({ title: 'A prompt', price: usd(1999), etag: '1' })
  })
})

describe('RemoveListing', () => {
  test.each(['its seller', 'a moderator'])('by %s ends it once, whoever asks again', async (who) => {
    const { listingId } = await market.list(ann)
    const person = who === 'its seller' ? ann : mod
    const removed = await remove(listingId, person)
    expect(removed).toMatchObject({ status: Status.REMOVED, etag: '2' })
    expect(await remove(listingId, person)).toEqual(removed)
    expect(await remove(listingId)).toEqual(removed)
    expect(await eventsOf(listingId)).toEqual([
      ['listing.created', ann.userId],
      ['listing.removed', person.userId],
    ])
    expect(await rejection(market.buy(bob, listingId))).toMatchObject({ code: status.FAILED_PRECONDITION })
  })

  test('is refused to everybody else, and for what was sold exclusively', async () => {
    const { listingId } = await market.list(ann, { exclusive: true })
    expect(await rejection(remove(listingId, bob))).toMatchObject({ code: status.NOT_FOUND })
    expect(await rejection(remove(randomUUID()))).toMatchObject({ code: status.NOT_FOUND })
    await market.buy(bob, listingId)
    expect(await rejection(remove(listingId))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'LISTING_NOT_ACTIVE',
    })
    expect(await get(listingId)).toMatchObject({ status: Status.SOLD })
  })

  test('lets a payment that is under way complete, and its licence stays', async () => {
    const { listingId } = await market.list(ann)
    const requestId = randomUUID()
    await market.payments.control.order({ call: 'confirm', afterMs: 500, times: 1 })
    const bought = market.buy(bob, listingId, { requestId })
    await until('the payment to have begun', async () => {
      const rows = await market.database.query('select from transactions where request_id = $1', [requestId])
      return rows.length > 0
    })
    await remove(listingId)
    const { transaction, license } = await bought
    expect(transaction!.status).toBe(Transaction_Status.COMPLETED)
    expect(license!.isActive).toBe(true)
    expect(await get(listingId)).toMatchObject({ status: Status.REMOVED, salesCount: 1 })
  })
})

describe('GetListing', () => {
  test('shows what is active to anybody, and what is not to its seller, a buyer and moderators alone', async () => {
    const { listingId } = await market.list(ann)
    await market.buy(bob, listingId)
    const stranger = await market.person('eve')
    const nobody = { ...stranger, as: {} }
    const admin = await market.person('admin', 'ADMIN')
    const everybody = [ann, bob, mod, admin, stranger, nobody]
    for (const person of everybody) expect(await get(listingId, person)).toMatchObject({ status: Status.ACTIVE })
    await remove(listingId)
    for (const person of [ann, bob, mod, admin])
      expect(await get(listingId, person)).toMatchObject({ status: Status.REMOVED })
    for (const person of [stranger, nobody])
      expect(await rejection(get(listingId, person))).toMatchObject({ code: status.NOT_FOUND })
  })

  test('does not show a sold listing to somebody whose payment failed', async () => {
    const { listingId } = await market.list(ann, { exclusive: true })
    const failed = await market.person('fay')
    await market.buy(failed, listingId, { paymentMethod: 'pm_card_chargeDeclined' })
    await market.buy(bob, listingId)
    expect(await get(listingId, bob)).toMatchObject({ status: Status.SOLD })
    expect(await rejection(get(listingId, failed))).toMatchObject({ code: status.NOT_FOUND })
  })
})
