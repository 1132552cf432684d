import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import type { Outgoing } from '#chassis/grpc/client.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { EVENTS } from '#contracts/events.ts'
import {
  GetPromptStatsRequest,
  GetPromptStatsRequest_Granularity as Granularity,
  GetUserStatsRequest,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { type AnalyticsTest, eventOf, type Said, startAnalytics } from './harness.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const ago = (ms: number) => new Date(Date.now() - ms)

const [owner, buyer, promptId, otherPrompt] = [v7(), v7(), v7(), v7()]
const NOTHING = { count: 0n, refunds: 0n, revenue: [] }
const usd = (amountCents: bigint, feeCents: bigint) => ({ currency: 'USD', amountCents, feeCents })
const eur = (amountCents: bigint, feeCents: bigint) => ({ currency: 'EUR', amountCents, feeCents })

let service: AnalyticsTest
let ann: Outgoing

beforeAll(async () => {
  service = await startAnalytics()
  ann = await service.tokenOf(owner)
})
beforeEach(() => service.clear())
afterAll(() => service.stop())

const ofUser = (request: Partial<GetUserStatsRequest>, as?: Outgoing) =>
  service.analytics.getUserStats(GetUserStatsRequest.fromPartial({ userId: 'me', ...request }), as)
const ofPrompt = (request: Partial<GetPromptStatsRequest>, as?: Outgoing) =>
  service.analytics.getPromptStats(GetPromptStatsRequest.fromPartial({ promptId, ...request }), as)
const withKey = async (scope: string): Promise<Outgoing> => ({
  token: await service.identity.tokenFor({ userId: owner, username: 'ann' }, { scope, client_id: v7() }),
})

type PurchaseEvent = typeof EVENTS.purchaseCompleted | typeof EVENTS.purchaseRefunded | typeof EVENTS.purchaseRestored

/** Something that happens to a purchase of Ann's prompt. */
const happens = (event: PurchaseEvent, said: Said = {}) =>
  eventOf(event, { owner, actor: buyer, ...said, sale: { promptId, ...said.sale } })
const sold = (said?: Said) => happens(EVENTS.purchaseCompleted, said)
const refunded = (said?: Said) => happens(EVENTS.purchaseRefunded, said)
const restored = (said?: Said) => happens(EVENTS.purchaseRestored, said)
const create = (visible = true) => eventOf(EVENTS.promptCreated, { about: promptId, owner, actor: owner, visible })

const inEuros = { promptId: otherPrompt, amountCents: 500, feeCents: 100, currency: 'EUR' }

describe('what a seller sold', () => {
  test('is nothing on every day, as long as nobody bought', async () => {
    const { asSeller } = await ofUser({}, ann)
    expect(asSeller!.totals).toEqual(NOTHING)
    expect(asSeller!.series).toHaveLength(30)
    expect(asSeller!.series.every(({ sales }) => sales!.count === 0n)).toBe(true)
  })

  test('is counted of all their prompts, by currency and less refunds, and nothing of what they bought', async () => {
    await service.ingest(
      sold(),
      sold(),
      refunded(),
      sold({ sale: inEuros }),
      sold({ owner: buyer, actor: owner }),
      eventOf(EVENTS.purchaseFailed, { owner, actor: buyer }),
    )
    const { asSeller } = await ofUser({}, ann)
    expect(asSeller!.totals).toEqual({ count: 3n, refunds: 1n, revenue: [eur(500n, 100n), usd(1999n, 400n)] })
  })

  test('counts again when a refund fails or a dispute is won, in the hour of that', async () => {
    await service.ingest(sold(), sold(), refunded({ at: ago(DAY) }), restored())
    const { asSeller } = await ofUser({}, ann)
    expect(asSeller!.totals).toEqual({ count: 2n, refunds: 0n, revenue: [usd(3998n, 800n)] })
    expect(asSeller!.series.at(-1)!.sales).toMatchObject({ refunds: -1n })
    expect((await service.analytics.getPlatformStats({})).totals).toMatchObject({ sales: 2n, refunds: 0n })
    expect(await service.recount()).toEqual([])
  })

  test('is counted once, however often and in whatever order it is delivered', async () => {
    const events = [sold(), sold({ at: ago(2 * DAY) }), refunded({ at: ago(DAY) }), sold({ sale: inEuros })]
    const expected = { count: 3n, refunds: 1n, revenue: [eur(500n, 100n), usd(1999n, 400n)] }
    for (const batch of [events.toReversed(), events, ...events.map((event) => [event, event])]) {
      await service.ingest(...batch)
    }
    await Promise.all([service.ingest(...events), service.ingest(...events.toReversed())])
    expect((await ofUser({}, ann)).asSeller!.totals).toEqual(expected)
    expect(await service.recount()).toEqual([])
  })

  test('has a point for every day or hour, each with its own sales and refunds', async () => {
    const noon = new Date(Math.floor(Date.now() / DAY) * DAY - 3 * DAY + 12 * HOUR)
    const later = new Date(noon.getTime() + DAY)
    await service.ingest(sold({ at: noon }), sold({ at: noon, sale: inEuros }), refunded({ at: later }))
    const days = (await ofUser({}, ann)).asSeller!.series
    expect(days.map(({ sales }) => sales).slice(-4)).toEqual([
      { count: 2n, refunds: 0n, revenue: [eur(500n, 100n), usd(1999n, 400n)] },
      { count: 0n, refunds: 1n, revenue: [usd(-1999n, -400n)] },
      NOTHING,
      NOTHING,
    ])
    const range = { start: noon, end: new Date(later.getTime() + HOUR), granularity: Granularity.HOUR }
    const hours = (await ofUser(range, ann)).asSeller!.series
    expect(hours).toHaveLength(25)
    expect(hours[0]).toMatchObject({ time: noon, sales: { count: 2n } })
    expect(hours.at(-1)).toMatchObject({ time: later, sales: { refunds: 1n } })
  })

  test('is told to themselves and administrators alone, and to an API key only with the scope of the marketplace', async () => {
    await service.ingest(sold())
    const request = { userId: owner }
    expect(await rejection(ofUser(request, await service.tokenOf(buyer)))).toMatchObject({ code: status.NOT_FOUND })
    const told = { asSeller: { totals: { count: 1n } } }
    expect(await ofUser(request, await service.tokenOf(v7(), 'ADMIN'))).toMatchObject(told)
    expect(await ofUser({}, await withKey('prompts:read market'))).toMatchObject(told)
    const keys = await ofUser({}, await withKey('prompts:read'))
    expect(keys).toMatchObject({ asAuthor: { prompts: 0n }, asSeller: undefined })
  })
})

describe('what was sold of a prompt', () => {
  test('is that of no other, for its owner', async () => {
    await service.ingest(create(), sold(), refunded(), sold(), sold({ sale: inEuros }))
    const { sales } = await ofPrompt({}, ann)
    expect(sales!.totals).toEqual({ count: 2n, refunds: 1n, revenue: [usd(1999n, 400n)] })
    expect(sales!.series).toHaveLength(30)
    expect(sales!.series.at(-1)!.sales).toEqual(sales!.totals)
  })

  test('is told to others neither of a prompt that everyone sees nor of a hidden one', async () => {
    await service.ingest(create(), sold())
    for (const as of [undefined, await service.tokenOf(buyer), await withKey('prompts:read')])
      expect((await ofPrompt({}, as)).sales).toBeUndefined()
    await service.ingest(
      eventOf(EVENTS.promptUpdated, { about: promptId, owner, actor: owner, visible: false, revision: 2 }),
    )
    expect(await rejection(ofPrompt({}, await service.tokenOf(buyer)))).toMatchObject({ code: status.NOT_FOUND })
  })

  test('is told to administrators, of a hidden one too, and not to who was one', async () => {
    await service.ingest(create(false), sold())
    const admin = v7()
    const as = await service.tokenOf(admin, 'ADMIN')
    expect(await ofPrompt({}, as)).toMatchObject({ sales: { totals: { count: 1n } }, series: [] })
    service.identity.setAccount(admin, 'USER')
    expect(await rejection(ofPrompt({}, as))).toMatchObject({ code: status.NOT_FOUND })
  })
})

test('what was sold on the platform is told to everyone, what it came to to administrators alone', async () => {
  await service.ingest(sold(), sold({ owner: v7() }), refunded(), sold({ sale: inEuros }))
  const counts = { totals: { sales: 3n, refunds: 1n }, last24Hours: { sales: 3n, refunds: 1n } }
  const admin = v7()
  const as = await service.tokenOf(admin, 'ADMIN')
  const revenue = [eur(500n, 100n), usd(1999n, 400n)]
  expect(await service.analytics.getPlatformStats({}, as)).toMatchObject({ ...counts, revenue })
  service.identity.setAccount(admin, 'USER')
  for (const other of [undefined, ann, as])
    expect(await service.analytics.getPlatformStats({}, other)).toMatchObject({ ...counts, revenue: [] })
})
