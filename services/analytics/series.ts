import { GetPromptStatsRequest_Granularity as Asked } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'

/** The length of a point of a series. */
export type Granularity = 'DAY' | 'HOUR'

/** Beginnings of points: the first one, and the one after the last. */
export type Range = { start: Date; end: Date }

const HOUR_MS = 3_600_000

/** Length of a point, and the default number of points. */
const POINTS: Record<Granularity, { ms: number; usual: number }> = {
  DAY: { ms: 24 * HOUR_MS, usual: 30 },
  HOUR: { ms: HOUR_MS, usual: 48 },
}

/** What a request asks for: if it does not say, days, or hours when the range does not begin at the start of a day in UTC. */
export function granularityOf(asked: Asked, start: Date | undefined): Granularity {
  switch (asked) {
    case Asked.HOUR:
      return 'HOUR'
    case Asked.DAY:
      return 'DAY'
    case Asked.UNSPECIFIED:
    case Asked.UNRECOGNIZED:
      return start && start.getTime() % POINTS.DAY.ms !== 0 ? 'HOUR' : 'DAY'
  }
}

/** The whole points that a time touches. Without an end it is `now`'s point; without a start it is as long as usual. */
export function rangeOf(
  granularity: Granularity,
  { start, end }: { start?: Date | undefined; end?: Date | undefined },
  now: Date,
): Range {
  const { ms, usual } = POINTS[granularity]
  const after = Math.ceil((end?.getTime() ?? now.getTime() + 1) / ms) * ms
  const first = start ? Math.floor(start.getTime() / ms) * ms : after - usual * ms
  return { start: new Date(first), end: new Date(after) }
}

/** The beginnings of all points of a range. */
export function pointsOf(granularity: Granularity, { start, end }: Range): Date[] {
  const { ms } = POINTS[granularity]
  const count = (end.getTime() - start.getTime()) / ms
  return Array.from({ length: count }, (_, index) => new Date(start.getTime() + index * ms))
}
