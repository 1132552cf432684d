import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { type EventDefinition, EVENTS } from '#contracts/events.ts'
import { type AnalyticsTest, eventOf, type Said, startAnalytics } from './harness.ts'

const [seller, buyer, promptId] = [v7(), v7(), v7()]

let service: AnalyticsTest

beforeAll(async () => {
  service = await startAnalytics()
})
beforeEach(() => service.clear())
afterAll(() => service.stop())

const rows = () => service.database.query('select * from user_activity_events order by event_time, event_id')
const sales = () => service.database.query('select seller_id, sales::integer, refunds::integer from sales_hourly')
const bought = (event: EventDefinition<any>, said: Said = {}) =>
  eventOf(event, { owner: seller, actor: buyer, ...said, sale: { promptId, ...said.sale } })

describe('what is stored', () => {
  const offer = { promptId, sellerId: seller, priceCents: 1999, currency: 'USD' }
  const sale = {
    promptId,
    sellerId: seller,
    licenseType: 'PERSONAL',
    amountCents: 1999,
    feeCents: 400,
    currency: 'USD',
  }
  const unlocked = { promptId, userId: buyer, licenseType: 'PERSONAL', minVersion: 1, revision: 1, active: false }

  test.each([
    [EVENTS.listingCreated, seller, 'listingId', offer],
    [EVENTS.listingUpdated, seller, 'listingId', offer],
    [EVENTS.listingRemoved, seller, 'listingId', offer],
    [EVENTS.purchaseCompleted, buyer, 'transactionId', sale],
    [EVENTS.purchaseFailed, buyer, 'transactionId', { ...sale, failureReason: 'card_declined' }],
    [EVENTS.purchaseRefunded, buyer, 'transactionId', sale],
    [EVENTS.purchaseRestored, buyer, 'transactionId', sale],
    [EVENTS.licenseGranted, buyer, 'licenseId', unlocked],
    [EVENTS.licenseRevoked, buyer, 'licenseId', { ...unlocked, reason: 'REFUNDED' }],
  ] as [EventDefinition<any>, string, string, object][])(
    'of $name is who did it, and the rest as properties',
    async (event, actor, idName, said) => {
      const about = v7()
      const more = { failureReason: 'card_declined', reason: 'REFUNDED' }
      expect(await service.ingest(bought(event, { about, actor, more }))).toEqual([])
      const [row] = await rows()
      expect(row).toMatchObject({ user_id: actor, event_type: event.name, email: null })
      expect(row!['properties']).toMatchObject({ [idName]: about, ...said })
      expect(await service.recount()).toEqual([])
    },
  )

  test('of a listing that nobody removed is its seller', async () => {
    await service.ingest(bought(EVENTS.listingRemoved, { actor: '' }))
    expect(await rows()).toMatchObject([{ user_id: seller, username: null, event_type: 'listing.removed' }])
  })

  test('of a licence that ends is when', async () => {
    const expiresAt = '2027-11-28T10:00:00.000Z'
    const entitlement = {
      licenseId: v7(),
      promptId,
      userId: buyer,
      licenseType: 'COMMERCIAL',
      maxVersion: 3,
      expiresAt,
    }
    await service.ingest(bought(EVENTS.licenseGranted, { more: { entitlement } }))
    expect((await rows())[0]!['properties']).toMatchObject({ licenseType: 'COMMERCIAL', maxVersion: 3, expiresAt })
  })
})

test.each([
  ['no buyer', EVENTS.purchaseCompleted, { actor: '' }, 'its user_id is not a UUID'],
  ['a transaction that is none', EVENTS.purchaseCompleted, { about: 't' }, 'its aggregate_id is not a UUID'],
  ['no sale', EVENTS.purchaseCompleted, { more: { sale: undefined } }, 'it does not say what was'],
  ['no licence', EVENTS.licenseGranted, { more: { entitlement: undefined } }, 'it does not say what was'],
  ['a seller that is none', EVENTS.purchaseRefunded, { owner: 'ann' }, 'its seller_id is not a UUID'],
  ['a prompt that is none', EVENTS.listingCreated, { sale: { promptId: 'p' } }, 'its prompt_id is not a UUID'],
  [
    'an amount below zero',
    EVENTS.purchaseCompleted,
    { sale: { amountCents: -1 } },
    'its amount_cents is not an amount',
  ],
  ['a price beyond all prices', EVENTS.listingUpdated, { sale: { amountCents: 1e15 } }, 'its price_cents is not an'],
  ['a currency that is none', EVENTS.purchaseFailed, { sale: { currency: 'usd' } }, 'its currency is not three'],
] as [string, EventDefinition<any>, Said, string][])(
  'an event with %s is refused, and the others of its batch are counted',
  async (_, event, said, reason) => {
    const bad = bought(event, said)
    const refusals = await service.ingest(bought(EVENTS.purchaseCompleted), bad, bought(EVENTS.purchaseRefunded))
    expect(refusals).toEqual([{ received: bad, reason: expect.stringContaining(reason) }])
    const stored = await sales()
    expect(stored.map((row) => row['seller_id'])).toContain(seller)
    expect(await service.recount()).toEqual([])
  },
)

test('an erased buyer and an erased seller are named in none of what they did, before or after; what was sold stays', async () => {
  const did = () => [
    eventOf(EVENTS.listingCreated, { owner: seller, actor: seller, username: 'ann' }),
    bought(EVENTS.purchaseCompleted, { username: 'bob' }),
    bought(EVENTS.licenseGranted, { username: 'bob' }),
    bought(EVENTS.listingRemoved, { actor: '' }),
  ]
  await service.ingest(...did())
  await service.ingest(...[seller, buyer].map((about) => eventOf(EVENTS.userErased, { about })))
  await service.ingest(...did())
  const stored = (await rows()).filter((row) => row['event_type'] !== 'user.erased')
  expect(stored).toHaveLength(8)
  expect(stored.filter((row) => row['username'] !== null)).toEqual([])
  expect(JSON.stringify(stored.map((row) => row['properties']))).not.toMatch(/ann|bob/)
  expect((await sales()).reduce((sum, row) => sum + Number(row['sales']), 0)).toBe(2)
  expect(await service.recount()).toEqual([])
})
