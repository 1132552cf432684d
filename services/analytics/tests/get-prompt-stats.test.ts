import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import type { Outgoing } from '#chassis/grpc/client.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { EVENTS } from '#contracts/events.ts'
import {
  GetPromptStatsRequest,
  GetPromptStatsRequest_Granularity as Granularity,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { type AnalyticsTest, eventOf, type Said, startAnalytics, viewsOf } from './harness.ts'

let service: AnalyticsTest
let ann: Outgoing
let bob: Outgoing
const owner = v7()

beforeAll(async () => {
  service = await startAnalytics()
  ann = await service.tokenOf(owner)
  bob = await service.tokenOf(v7())
})
afterAll(() => service.stop())

const HOUR = 3_600_000
const DAY = 24 * HOUR
const ZEROS = { views: 0n, likes: 0n, unlikes: 0n, comments: 0n, ratings: 0n, forks: 0n, versions: 0n }
const ago = (ms: number) => new Date(Date.now() - ms)
const startOf = (length: number, time: Date) => new Date(Math.floor(time.getTime() / length) * length)

/** A prompt of Ann's, and how things happen to it. */
async function create(said: Said = {}) {
  const about = v7()
  await service.ingest(eventOf(EVENTS.promptCreated, { about, owner, ...said }))
  return about
}
const like = (about: string, at: Date) => service.ingest(eventOf(EVENTS.promptLiked, { about, owner, at }))
const stats = (request: Partial<GetPromptStatsRequest>, as?: Outgoing) =>
  service.analytics.getPromptStats(GetPromptStatsRequest.fromPartial(request), as)

describe('the totals of a prompt', () => {
  test('count everything that happened to it, and nothing of another', async () => {
    const about = await create()
    const said = { about, owner }
    await service.ingest(
      viewsOf([said, { ...said, actor: owner }, { ...said, actor: '', viewerHash: 'b'.repeat(32) }]),
      eventOf(EVENTS.promptLiked, said),
      eventOf(EVENTS.promptLiked, said),
      eventOf(EVENTS.promptUnliked, said),
      eventOf(EVENTS.promptCommented, said),
      eventOf(EVENTS.promptRated, said),
      eventOf(EVENTS.promptForked, said),
      eventOf(EVENTS.versionCreated, said),
      eventOf(EVENTS.promptLiked),
    )
    const { totals } = await stats({ promptId: about })
    expect(totals).toEqual({ views: 3n, likes: 2n, unlikes: 1n, comments: 1n, ratings: 1n, forks: 1n, versions: 1n })
  })

  test('of a visible one are for everyone, the series is its owner’s', async () => {
    const promptId = await create()
    await like(promptId, ago(0))
    for (const as of [undefined, bob]) {
      expect(await stats({ promptId }, as)).toEqual({
        totals: { ...ZEROS, likes: 1n },
        series: [],
        granularity: Granularity.DAY,
        sales: undefined,
      })
    }
    const own = await stats({ promptId }, ann)
    expect(own.totals).toEqual({ ...ZEROS, likes: 1n })
    expect(own.series).toHaveLength(30)
  })
})

describe('a prompt is not found', () => {
  const refused = { code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' }

  test('by others when it is hidden, and again when it is shown and hidden anew', async () => {
    const promptId = await create({ visible: false })
    for (const as of [undefined, bob]) expect(await rejection(stats({ promptId }, as))).toMatchObject(refused)
    expect((await stats({ promptId }, ann)).series).toHaveLength(30)
    const say = (revision: number, visible: boolean) =>
      service.ingest(eventOf(EVENTS.promptUpdated, { about: promptId, owner, revision, visible }))
    await say(2, true)
    await stats({ promptId }, bob)
    await say(3, false)
    expect(await rejection(stats({ promptId }, bob))).toMatchObject(refused)
  })

  test('by anyone when it is deleted, or nobody has heard of it', async () => {
    const promptId = await create()
    await service.ingest(eventOf(EVENTS.promptDeleted, { about: promptId, owner, revision: 2, visible: false }))
    for (const as of [undefined, bob, ann]) {
      expect(await rejection(stats({ promptId }, as))).toMatchObject(refused)
      expect(await rejection(stats({ promptId: v7() }, as))).toMatchObject(refused)
    }
  })
})

describe('a series', () => {
  test('has every day, with what happened in it', async () => {
    const promptId = await create()
    for (const at of [ago(0), ago(3 * DAY), ago(3 * DAY), ago(40 * DAY)]) await like(promptId, at)
    const { totals, series } = await stats({ promptId }, ann)
    const today = startOf(DAY, new Date()).getTime()
    const expected = Array.from({ length: 30 }, (_, index) => {
      const daysAgo = 29 - index
      const likes = daysAgo === 0 ? 1n : daysAgo === 3 ? 2n : 0n
      return { time: new Date(today - daysAgo * DAY), activity: { ...ZEROS, likes } }
    })
    expect(series).toEqual(expected)
    expect(totals).toEqual({ ...ZEROS, likes: 4n })
  })

  test('by the hour has every hour', async () => {
    const promptId = await create()
    for (const at of [ago(0), ago(5 * HOUR), ago(50 * HOUR)]) await like(promptId, at)
    const { series } = await stats({ promptId, granularity: Granularity.HOUR }, ann)
    expect(series).toHaveLength(48)
    const liked = series.filter(({ activity }) => activity!.likes > 0n).map(({ time }) => time)
    expect(liked).toEqual([startOf(HOUR, ago(5 * HOUR)), startOf(HOUR, ago(0))])
  })

  test('is from start to end', async () => {
    const promptId = await create()
    const start = startOf(DAY, ago(10 * DAY))
    const end = new Date(start.getTime() + 3 * DAY)
    for (const at of [new Date(start.getTime() - 1), start, new Date(end.getTime() - 1), end]) await like(promptId, at)
    const { series } = await stats({ promptId, start, end }, ann)
    expect(series.map(({ activity }) => activity!.likes)).toEqual([1n, 0n, 1n])
    const hours = await stats({ promptId, start, end, granularity: Granularity.HOUR }, ann)
    expect(hours.series.map(({ activity }) => activity!.likes).filter((likes) => likes > 0n)).toEqual([1n, 1n])
    expect(hours.series).toHaveLength(72)
  })

  test('that does not begin at the start of a day is by the hour, unless days are asked for', async () => {
    const promptId = await create()
    const start = new Date(startOf(DAY, ago(3 * DAY)).getTime() + 5 * HOUR)
    const end = new Date(start.getTime() + 26 * HOUR)
    await like(promptId, start)
    const hours = await stats({ promptId, start, end }, ann)
    expect(hours.granularity).toBe(Granularity.HOUR)
    expect(hours.series).toHaveLength(26)
    expect(hours.series[0]).toEqual({ time: start, activity: { ...ZEROS, likes: 1n } })
    const days = await stats({ promptId, start, end, granularity: Granularity.DAY }, ann)
    expect(days.granularity).toBe(Granularity.DAY)
    expect(days.series.map(({ time }) => time)).toEqual([startOf(DAY, start), startOf(DAY, end)])
  })

  test('may have 366 days, or 14 by the hour', async () => {
    const promptId = await create()
    const end = startOf(DAY, new Date())
    const days = await stats({ promptId, start: new Date(end.getTime() - 366 * DAY), end }, ann)
    expect(days.series).toHaveLength(366)
    const start = new Date(end.getTime() - 14 * DAY)
    expect((await stats({ promptId, start, end, granularity: Granularity.HOUR }, ann)).series).toHaveLength(336)
  })
})

describe('a request is refused', () => {
  const ORDER = 'end must be after start; without an end, start must be in the past'
  const LENGTH =
    'start and end must not be more than 366 days apart, or 14 days by the hour: for granularity HOUR, or without one when start is not midnight in UTC'
  const at = (text: string) => new Date(text)
  const RANGES: [string, Partial<GetPromptStatsRequest>, string][] = [
    ['that ends where it starts', { start: at('2026-01-01T00:00:00Z'), end: at('2026-01-01T00:00:00Z') }, ORDER],
    ['that starts in the future', { start: new Date(Date.now() + DAY) }, ORDER],
    ['of 366 days and a second', { start: at('2025-01-01T00:00:00Z'), end: at('2026-01-02T00:00:01Z') }, LENGTH],
    ['that started long ago', { start: at('2020-01-01T00:00:00Z') }, LENGTH],
    [
      'of 14 days and a second by the hour',
      {
        granularity: Granularity.HOUR,
        start: at('2026-01-01T00:00:00Z'),
        end: at('2026-01-15T00:00:01Z'),
      },
      LENGTH,
    ],
    [
      'of 15 days that begin in the middle of one',
      { start: at('2026-01-01T12:00:00Z'), end: at('2026-01-16T12:00:00Z') },
      LENGTH,
    ],
    [
      'of 15 days that begin a millisecond after midnight',
      { start: at('2026-01-01T00:00:00.001Z'), end: at('2026-01-16T12:00:00Z') },
      LENGTH,
    ],
  ]

  test.each(RANGES)('%s', async (_, range, description) => {
    const error = await rejection(stats({ promptId: v7(), ...range }, ann))
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: '', description }] })
  })

  test('with all that is wrong with it at once', async () => {
    const start = at('2026-01-01T00:00:00Z')
    const error = await rejection(
      stats({ promptId: 'P', granularity: 7 as never, start, end: at('2100-01-01T00:00:00Z') }),
    )
    expect(error.violations.map(({ field }) => field).toSorted()).toEqual(['', 'end', 'granularity', 'prompt_id'])
  })

  const NEVER = [new Date(-8.64e15), new Date(8.64e15)]

  test.each(NEVER.flatMap((start) => [undefined, ...NEVER].map((end) => [start, end])))(
    'with times that no calendar has: %p to %p',
    async (start, end) => {
      const error = await rejection(stats({ promptId: v7(), start, end }))
      expect(error.code).toBe(status.INVALID_ARGUMENT)
    },
  )
})
