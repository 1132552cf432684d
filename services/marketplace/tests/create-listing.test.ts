import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { v7 } from 'uuid'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { Listing_Status as Status } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import type { CreateListingRequest } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { type KnownPrompt, type Marketplace, type Person, startMarketplace, usd } from './harness.ts'

let market: Marketplace
let ann: Person
let bob: Person

beforeAll(async () => {
  market = await startMarketplace()
  ann = await market.person('ann')
  bob = await market.person('bob')
})
afterAll(() => market.stop())

const refusal = (fields: Partial<CreateListingRequest>, seller = ann) => rejection(market.list(seller, fields))
const listingsOf = (promptId: string) =>
  market.database.query('select from prompt_listings where prompt_id = $1', [promptId])

describe('CreateListing', () => {
  test('offers the head version alone for ever, unless it is told otherwise, and says so by an event', async () => {
    const promptId = market.promptOf(ann)
    const listing = await market.list(ann, { promptId })
    expect(listing).toMatchObject({
      promptId,
      promptVersion: 3,
      minVersion: 3,
      includesUpdates: false,
      sellerId: ann.userId,
      description: '',
      category: '',
      price: usd(1999),
      commercialPrice: undefined,
      exclusive: false,
      durationDays: undefined,
      samples: [],
      status: Status.ACTIVE,
      salesCount: 0,
      updatedAt: undefined,
      etag: '1',
    })
    const [event] = await readOutbox(market.database, listing.listingId)
    expect(event).toMatchObject({
      name: 'listing.created',
      payload: {
        metadata: { aggregateRevision: '1' },
        actor: { userId: ann.userId, username: 'ann' },
        offer: { promptId, sellerId: ann.userId, priceCents: '1999', currency: 'USD' },
      },
    })
  })

  test('offers nothing that became public while it was being stored', async () => {
    const answers = [undefined, 1]
    const becomesPublic = {
      ownerId: ann.userId,
      headVersion: 3,
      get publicFrom() {
        return answers.length > 1 ? answers.shift() : answers[0]
      },
    }
    const promptId = market.promptOf(ann)
    market.prompts.set(promptId, becomesPublic as KnownPrompt)
    expect(await refusal({ promptId })).toMatchObject({ reason: 'PROMPT_IS_PUBLIC' })
    const text = 'select status from prompt_listings where prompt_id = $1'
    expect(await market.database.query(text, [promptId])).toEqual([{ status: 'REMOVED' }])
  })

  test('stores everything that it is told', async () => {
    const promptId = market.promptOf(ann)
    const testId = v7()
    market.samples.set(testId, { promptId, promptVersion: 2, values: { text: 'in' }, response: 'out' })
    const fields = {
      promptId,
      promptVersion: 2,
      minVersion: 1,
      includesUpdates: true,
      title: 'Summaries',
      description: 'Short and good.',
      category: 'writing',
      price: usd(50),
      commercialPrice: usd(99_999_999),
      durationDays: 3650,
    }
    const listing = await market.list(ann, { ...fields, sampleTestIds: [testId] })
    expect(listing).toMatchObject({
      ...fields,
      samples: [{ values: { text: 'in' }, response: 'out', modelProvider: 'sandbox', modelName: 'echo' }],
    })
    expect((await market.listings.getListing({ listingId: listing.listingId })).listing).toEqual(listing)
  })

  test.each([
    ['less than the payment provider takes', 'CZK', 1499, 'must be at least 15.00'],
    ['more than the payment provider takes', 'USD', 100_000_000, 'must be at most 999999.99'],
  ])('refuses a price that is %s', async (_, currencyCode, cents, description) => {
    const money = { ...usd(cents), currencyCode }
    expect(await refusal({ price: money, commercialPrice: money })).toMatchObject({
      code: status.INVALID_ARGUMENT,
      violations: ['price', 'commercial_price'].map((field) => ({ field, description })),
    })
  })

  test.each(['IDR', 'HUF'])('takes a price that has more digits in %s', async (currencyCode) => {
    const price = { ...usd(1_500_000_000), currencyCode }
    expect((await market.list(ann, { price })).price).toEqual(price)
  })

  test('makes one listing for one request_id', async () => {
    const fields = { promptId: market.promptOf(ann), requestId: randomUUID() }
    const first = await market.list(ann, fields)
    expect(await market.list(ann, fields)).toEqual(first)
    expect(await refusal({ ...fields, title: 'Another' })).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'REQUEST_ID_REUSED',
    })
    expect(await listingsOf(fields.promptId)).toHaveLength(1)
  })
})

describe('CreateListing is refused, and stores nothing,', () => {
  test('for somebody else’s prompt, which anyone may read or not, and for none', async () => {
    for (const promptId of [market.promptOf(bob), market.promptOf(bob, { publicFrom: 1 }), randomUUID()]) {
      expect(await refusal({ promptId })).toMatchObject({ code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' })
      expect(await listingsOf(promptId)).toEqual([])
    }
  })

  test('for a version that does not exist', async () => {
    expect(await refusal({ promptVersion: 4 })).toMatchObject({ code: status.NOT_FOUND })
  })

  test('for a version that anyone may read: those before it can be sold', async () => {
    const promptId = market.promptOf(ann, { publicFrom: 3 })
    for (const promptVersion of [0, 3])
      expect(await refusal({ promptId, promptVersion })).toMatchObject({
        code: status.FAILED_PRECONDITION,
        reason: 'PROMPT_IS_PUBLIC',
      })
    expect(await listingsOf(promptId)).toEqual([])
    const listing = await market.list(ann, { promptId, promptVersion: 2, minVersion: 1, includesUpdates: true })
    expect(listing).toMatchObject({ promptVersion: 2, minVersion: 1 })
  })

  test('for a fork of what its author has not published', async () => {
    const promptId = market.promptOf(ann, { resaleRestricted: true })
    expect(await refusal({ promptId })).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'RESALE_NOT_ALLOWED',
    })
  })

  test('while the prompt has an active listing, which the error names; of many at once one is made', async () => {
    const promptId = market.promptOf(ann)
    const many = await Promise.allSettled(Array.from({ length: 4 }, () => market.list(ann, { promptId })))
    const [made] = many.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(many.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
    expect(await refusal({ promptId })).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'ALREADY_LISTED',
      metadata: { listing_id: made!.listingId },
    })
    await market.listings.removeListing({ listingId: made!.listingId }, ann.as)
    expect(await market.list(ann, { promptId })).toMatchObject({ status: Status.ACTIVE })
  })

  test('exclusively when a licence of the prompt was sold before', async () => {
    const { listingId, promptId } = await market.list(ann)
    await market.buy(bob, listingId)
    await market.listings.removeListing({ listingId }, ann.as)
    expect(await refusal({ promptId, exclusive: true })).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'NOT_EXCLUSIVE',
    })
    expect(await market.list(ann, { promptId })).toMatchObject({ exclusive: false })
  })

  test('for ever when the prompt was sold exclusively', async () => {
    const { listingId, promptId } = await market.list(ann, { exclusive: true })
    await market.buy(bob, listingId)
    for (const exclusive of [true, false])
      expect(await refusal({ promptId, exclusive })).toMatchObject({ reason: 'NOT_EXCLUSIVE' })
  })

  test('while somebody pays for the only licence of it, of a listing that was removed meanwhile', async () => {
    const { listingId, promptId } = await market.list(ann, { exclusive: true })
    await market.database.query('update prompt_listings set reserved_tx = $2 where id = $1', [listingId, v7()])
    await market.listings.removeListing({ listingId }, ann.as)
    expect(await refusal({ promptId })).toMatchObject({ reason: 'LISTING_RESERVED' })
  })

  test('for a sample that is not a completed test of the caller’s of the version that is sold', async () => {
    const promptId = market.promptOf(ann)
    const [ofFormer, ofOther] = [v7(), v7()]
    market.samples.set(ofFormer, { promptId, promptVersion: 2 })
    market.samples.set(ofOther, { promptId: market.promptOf(ann), promptVersion: 3 })
    for (const testId of [ofFormer, ofOther, randomUUID()])
      expect(await refusal({ promptId, sampleTestIds: [testId] })).toMatchObject({
        code: status.FAILED_PRECONDITION,
        reason: 'SAMPLE_UNUSABLE',
      })
    expect(await listingsOf(promptId)).toEqual([])
  })

  const money = (currencyCode: string, units: bigint, nanos = 0) => ({ currencyCode, units, nanos })
  test.each<[string, Partial<CreateListingRequest>, string[]]>([
    ['a negative price', { price: money('USD', -50n) }, ['price']],
    ['nothing', { price: usd(0) }, ['price']],
    ['less than the least price', { price: usd(49) }, ['price']],
    ['parts of a cent', { price: money('USD', 19n, 995_000_000) }, ['price']],
    ['more than the columns hold', { price: money('USD', 100_000_000n) }, ['price']],
    ['a currency without cents', { price: money('JPY', 1999n) }, ['price.currency_code']],
    ['no currency', { price: money('', 19n) }, ['price.currency_code']],
    ['a commercial price below the other', { commercialPrice: usd(1998) }, ['commercial_price']],
    [
      'a commercial price in another currency',
      { commercialPrice: money('EUR', 30n) },
      ['commercial_price.currency_code'],
    ],
    ['no price', { price: undefined }, ['price']],
    ['a first version above the one that is sold', { promptVersion: 2, minVersion: 3 }, ['min_version']],
    ['no title', { title: '' }, ['title']],
    ['a licence of no day', { durationDays: 0 }, ['duration_days']],
    ['a licence of more than ten years', { durationDays: 3651 }, ['duration_days']],
    ['four samples', { sampleTestIds: [1, 2, 3, 4].map(() => v7()) }, ['sample_test_ids']],
    ['an unknown category', { category: 'unknown' }, ['category']],
    [
      'all of these at once',
      {
        price: money('JPY', -50n),
        commercialPrice: money('USD', 1n, 1),
        promptVersion: 1,
        minVersion: 2,
        category: 'unknown',
      },
      ['min_version', 'price.currency_code', 'price', 'commercial_price', 'category'],
    ],
  ])('for %s', async (_, fields, violated) => {
    const promptId = market.promptOf(ann)
    const error = await refusal({ promptId, ...fields })
    expect(error.code).toBe(status.INVALID_ARGUMENT)
    expect(error.violations.map(({ field }) => field)).toEqual(violated)
    expect(await listingsOf(promptId)).toEqual([])
  })

  test('without a token, and for an API key without the scope', async () => {
    const nobody = { ...ann, as: {} }
    expect(await refusal({}, nobody)).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_MISSING' })
    const keyOf = async (scope: string) => {
      const claims = { client_id: randomUUID(), scope }
      const user = { userId: ann.userId, username: 'ann' }
      return { ...ann, as: { token: await market.identity.tokenFor(user, claims) } }
    }
    expect(await refusal({}, await keyOf('prompts:read prompts:write'))).toMatchObject({
      code: status.PERMISSION_DENIED,
      reason: 'SCOPE_MISSING',
    })
    expect(await market.list(await keyOf('market'))).toMatchObject({ sellerId: ann.userId })
  })
})
