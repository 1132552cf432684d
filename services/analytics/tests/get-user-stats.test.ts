import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import type { Outgoing } from '#chassis/grpc/client.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { EVENTS } from '#contracts/events.ts'
import {
  GetPromptStatsRequest_Granularity as Granularity,
  GetUserStatsRequest,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { type AnalyticsTest, eventOf, startAnalytics, viewsOf } from './harness.ts'

let service: AnalyticsTest
let ann: Outgoing
const owner = v7()

beforeAll(async () => {
  service = await startAnalytics()
  ann = await service.tokenOf(owner)
})
afterAll(() => service.stop())

const HOUR = 3_600_000
const DAY = 24 * HOUR
const ZEROS = { views: 0n, likes: 0n, unlikes: 0n, comments: 0n, ratings: 0n, forks: 0n, versions: 0n }
const ago = (ms: number) => new Date(Date.now() - ms)

const stats = (request: Partial<GetUserStatsRequest>, as?: Outgoing) =>
  service.analytics.getUserStats(GetUserStatsRequest.fromPartial({ userId: 'me', ...request }), as)

test('an author without a prompt has zeros for every day', async () => {
  const { asAuthor, granularity } = await stats({}, await service.tokenOf(v7()))
  expect(asAuthor).toMatchObject({ prompts: 0n, totals: ZEROS })
  expect(asAuthor!.series).toHaveLength(30)
  expect(granularity).toBe(Granularity.DAY)
})

describe('the numbers of an author', () => {
  const [shown, hidden, deleted] = [v7(), v7(), v7()]

  beforeAll(async () => {
    const own = (about: string, more: object = {}) => ({ about, owner, actor: owner, ...more })
    await service.ingest(
      eventOf(EVENTS.promptCreated, own(shown)),
      eventOf(EVENTS.promptCreated, own(hidden, { visible: false })),
      eventOf(EVENTS.promptCreated, own(deleted)),
      eventOf(EVENTS.versionCreated, own(shown)),
      eventOf(EVENTS.promptLiked, { about: deleted, owner, at: ago(3 * DAY) }),
      eventOf(EVENTS.promptLiked, { about: shown, owner, at: ago(3 * DAY) }),
      eventOf(EVENTS.promptLiked, { about: shown, owner, at: ago(50 * DAY) }),
      eventOf(EVENTS.promptDeleted, own(deleted, { revision: 2, visible: false })),
      viewsOf([{ about: shown, owner }, { about: hidden, owner, actor: owner }, {}]),
      eventOf(EVENTS.promptLiked),
    )
  })

  test('are those of all their prompts, also hidden and deleted ones, and of nobody else’s', async () => {
    const { asAuthor } = await stats({}, ann)
    expect(asAuthor!.prompts).toBe(2n)
    expect(asAuthor!.totals).toEqual({ ...ZEROS, views: 2n, likes: 3n, versions: 1n })
  })

  test('have a point for every day, with the sum of all prompts', async () => {
    const { series } = (await stats({}, ann)).asAuthor!
    expect(series).toHaveLength(30)
    const activities = series.map(({ activity }) => activity!)
    expect(activities.map(({ likes }) => likes)).toEqual(series.map((_, index) => (index === 26 ? 2n : 0n)))
    expect(activities.at(-1)).toMatchObject({ views: 2n, versions: 1n })
  })

  test('have a point for every hour when the range does not begin at the start of a day', async () => {
    const start = new Date(Math.floor(ago(4 * DAY).getTime() / DAY) * DAY + HOUR)
    const { asAuthor, granularity } = await stats({ start }, ann)
    expect(granularity).toBe(Granularity.HOUR)
    const { series } = asAuthor!
    expect(series.map(({ time }) => time!.getTime())).toEqual(series.map((_, index) => start.getTime() + index * HOUR))
    const liked = series.filter(({ activity }) => activity!.likes > 0n)
    expect(liked).toMatchObject([{ activity: { likes: 2n } }])
  })

  test('are for the author and administrators alone', async () => {
    const request = { userId: owner }
    expect(await rejection(stats(request, await service.tokenOf(v7())))).toMatchObject({ code: status.NOT_FOUND })
    expect(await rejection(stats(request))).toMatchObject({ code: status.UNAUTHENTICATED })
    const admin = await service.tokenOf(v7(), 'ADMIN')
    expect((await stats(request, admin)).asAuthor!.totals).toEqual((await stats({}, ann)).asAuthor!.totals)
  })
})

test('a range of more than 366 days, or 14 by the hour, is refused', async () => {
  const end = ago(0)
  const refused = { code: status.INVALID_ARGUMENT, reason: 'VALIDATION_FAILED' }
  expect(await rejection(stats({ start: ago(367 * DAY), end, granularity: Granularity.DAY }, ann))).toMatchObject(
    refused,
  )
  expect(await rejection(stats({ start: ago(15 * DAY), end, granularity: Granularity.HOUR }, ann))).toMatchObject(
    refused,
  )
})
