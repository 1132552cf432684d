/** How long a period of a report is. Days, weeks from Monday and months are those of UTC. */
export type Period = 'DAY' | 'WEEK' | 'MONTH'

const DAY = 86_400_000

/** When the period that has this time begins. */
export function startOfPeriod(period: Period, time: Date): Date {
  const start = new Date(time)
  start.setUTCHours(0, 0, 0, 0)
  // Sunday is 0, and the last day of its week.
  if (period === 'WEEK') start.setUTCDate(start.getUTCDate() - ((start.getUTCDay() + 6) % 7))
  if (period === 'MONTH') start.setUTCDate(1)
  return start
}

/** When a period begins that is so many later than the one that begins at `start`, or earlier when `count` is negative. */
export function periodsLater(period: Period, start: Date, count: number): Date {
  const later = new Date(start)
  if (period === 'MONTH') later.setUTCMonth(later.getUTCMonth() + count)
  else later.setUTCDate(later.getUTCDate() + count * (period === 'WEEK' ? 7 : 1))
  return later
}

/** How many periods there are from the one that begins at `first` to the one that begins at `last`, with both. */
export function countPeriods(period: Period, first: Date, last: Date): number {
  const months = (time: Date) => time.getUTCFullYear() * 12 + time.getUTCMonth()
  if (period === 'MONTH') return months(last) - months(first) + 1
  return (last.getTime() - first.getTime()) / (period === 'WEEK' ? 7 * DAY : DAY) + 1
}
