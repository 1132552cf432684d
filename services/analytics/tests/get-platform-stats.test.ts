import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { EVENTS } from '#contracts/events.ts'
import { type AnalyticsTest, eventOf, startAnalytics, viewsOf } from './harness.ts'

let service: AnalyticsTest

beforeAll(async () => {
  service = await startAnalytics()
})
beforeEach(() => service.clear())
afterAll(() => service.stop())

const HOUR = 3_600_000
const ZEROS = {
  users: 0n,
  prompts: 0n,
  versions: 0n,
  views: 0n,
  likes: 0n,
  unlikes: 0n,
  comments: 0n,
  ratings: 0n,
  forks: 0n,
  events: 0n,
  sales: 0n,
  refunds: 0n,
}

test('a platform on which nothing has happened is all zeros', async () => {
  expect(await service.analytics.getPlatformStats({})).toEqual({
    totals: ZEROS,
    last24Hours: { ...ZEROS, deletedPrompts: 0n },
    last7Days: { ...ZEROS, deletedPrompts: 0n },
    revenue: [],
  })
})

test('every field counts its own events, and anyone may read it', async () => {
  const times = (count: number, make: () => ReturnType<typeof eventOf>) => Array.from({ length: count }, make)
  await service.ingest(
    ...times(2, () => eventOf(EVENTS.userRegistered)),
    ...times(9, () => eventOf(EVENTS.promptCreated)),
    ...times(1, () => eventOf(EVENTS.promptDeleted)),
    ...times(3, () => eventOf(EVENTS.versionCreated)),
    viewsOf([{}, {}, {}, {}]),
    ...times(5, () => eventOf(EVENTS.promptLiked)),
    ...times(4, () => eventOf(EVENTS.promptUnliked)),
    ...times(6, () => eventOf(EVENTS.promptCommented)),
    ...times(7, () => eventOf(EVENTS.promptRated)),
    ...times(8, () => eventOf(EVENTS.promptForked)),
    ...times(3, () => eventOf(EVENTS.purchaseCompleted)),
    ...times(2, () => eventOf(EVENTS.purchaseRefunded)),
    eventOf(EVENTS.purchaseFailed),
    eventOf(EVENTS.userSignedIn),
  )
  const counts = {
    users: 2n,
    versions: 3n,
    views: 4n,
    likes: 5n,
    unlikes: 4n,
    comments: 6n,
    ratings: 7n,
    forks: 8n,
    events: 56n,
    sales: 3n,
    refunds: 2n,
  }
  const recent = { ...counts, prompts: 9n, deletedPrompts: 1n }
  expect(await service.analytics.getPlatformStats({})).toEqual({
    totals: { ...counts, prompts: 8n },
    last24Hours: recent,
    last7Days: recent,
    revenue: [],
  })
})

test('what is older than a day or a week is in the totals alone', async () => {
  const likes = [1, 23, 26, 24 * 6, 24 * 8, 24 * 29].map((hours) =>
    eventOf(EVENTS.promptLiked, { about: v7(), at: new Date(Date.now() - hours * HOUR) }),
  )
  await service.ingest(...likes)
  expect(await service.analytics.getPlatformStats({})).toMatchObject({
    totals: { likes: 6n },
    last24Hours: { likes: 2n },
    last7Days: { likes: 4n },
  })
})
