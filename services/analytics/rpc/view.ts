import { EVENTS } from '#contracts/events.ts'
import type {
  PlatformActivity,
  PromptActivity,
  PromptEvent,
  PromptPoint,
  TrendingPrompt,
  UserEvent,
} from '#contracts/gen/promptforge/analytics/v1/analytics.ts'
import { GetPromptStatsRequest_Granularity } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import type { PromptEventRow } from '../db/list-prompt-events.ts'
import type { UserEventRow } from '../db/list-user-events.ts'
import type { TrendingRow } from '../db/trending-prompts.ts'
import type { PointCount } from '../db/point-count.ts'
import { type Granularity, pointsOf, type Range } from '../series.ts'
import { VIEWED } from '../events/prompt-rows.ts'

/** How often each kind of event happened, by its name. */
type Counts = ReadonlyMap<string, bigint | number>

/** What happened to a prompt. */
export function toPromptActivity(counts: Counts): PromptActivity {
  const of = (name: string) => BigInt(counts.get(name) ?? 0)
  return {
    views: of(VIEWED),
    likes: of(EVENTS.promptLiked.name),
    unlikes: of(EVENTS.promptUnliked.name),
    comments: of(EVENTS.promptCommented.name),
    ratings: of(EVENTS.promptRated.name),
    forks: of(EVENTS.promptForked.name),
    versions: of(EVENTS.versionCreated.name),
  }
}

/** A point for each day or hour of a range, with zeros where nothing happened. */
export function toSeries(granularity: Granularity, range: Range, counts: PointCount[]): PromptPoint[] {
  const points = pointsOf(granularity, range)
  const activity = new Map(points.map((time) => [time.getTime(), new Map<string, number>()]))
  for (const { at, event_type: type, count } of counts) activity.get(at)!.set(type, count)
  return points.map((time) => ({ time, activity: toPromptActivity(activity.get(time.getTime())!) }))
}

/** The length of the points of a series. */
export const toGranularity = (granularity: Granularity) => GetPromptStatsRequest_Granularity[granularity]

/** What happened on the platform. */
export function toPlatformActivity(counts: Counts): PlatformActivity {
  const of = (name: string) => BigInt(counts.get(name) ?? 0)
  return {
    ...toPromptActivity(counts),
    users: of(EVENTS.userRegistered.name),
    prompts: of(EVENTS.promptCreated.name),
    deletedPrompts: of(EVENTS.promptDeleted.name),
    sales: of(EVENTS.purchaseCompleted.name),
    refunds: of(EVENTS.purchaseRefunded.name) - of(EVENTS.purchaseRestored.name),
    events: [...counts.values()].reduce<bigint>((sum, count) => sum + BigInt(count), 0n),
  }
}

/** What a user did with their account. */
export const toUserEvent = (row: UserEventRow): UserEvent => ({
  eventId: row.event_id,
  type: row.event_type,
  time: row.event_time,
  username: row.username ?? '',
})

/** What happened to a prompt; who read it, only `withReaders`. */
export function toPromptEvent(row: PromptEventRow, { withReaders }: { withReaders: boolean }): PromptEvent {
  const isTold = withReaders || row.event_type !== VIEWED
  return {
    eventId: row.event_id,
    type: row.event_type,
    time: row.event_time,
    userId: (isTold && row.user_id) || '',
    username: (isTold && row.username) || '',
  }
}

/** A prompt that many look at, as it and its author are now. */
export const toTrendingPrompt = (row: TrendingRow): TrendingPrompt => ({
  promptId: row.prompt_id,
  title: row.title ?? '',
  category: row.category ?? '',
  userId: row.owner_id,
  username: row.username ?? '',
  score: row.score,
})
