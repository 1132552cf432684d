import { consumedBy, STREAMS } from '#contracts/events.ts'

/**
 * Days for which the ids of events are kept: most streams keep 30, and an outbox can publish again what it did a week before. A later repetition
 * finds its row, by the unique key of the partition.
 */
export const REPEATABLE_DAYS = 45

/** Days within which an event can come again at all: what the longest stream keeps, and time for the outbox. */
const DETACHABLE_DAYS = Math.max(...consumedBy('analytics').map(({ stream }) => STREAMS[stream].days)) + 15

/** Hours by which another clock may be ahead of ours. What claims to be later is no event. */
export const FUTURE_HOURS = 24

const DAY_MS = 24 * 60 * 60 * 1000

/** The first day of a month in UTC, as PostgreSQL reads it: `2026-08-01`. */
export type Month = string

/** Reads `2026-08`. Throws a sentence that says what was expected. */
export function parseMonth(text: string | undefined): Month {
  if (!/^20\d\d-(0[1-9]|1[0-2])$/.test(text ?? '')) throw new Error('give a month, such as 2026-08')
  return `${text}-01`
}

/** The months that must have partitions: the present one, the one before, of which events may still come, and two ahead. */
export const wantedMonths = (now: Date): Month[] => [-1, 0, 1, 2].map((offset) => monthAt(now, offset))

/** Throws while an event of the month can still come again: it would be counted twice. */
export function assertOver(month: Month, now: Date): void {
  const end = new Date(monthAt(new Date(month), 1)).getTime()
  const from = new Date(end + DETACHABLE_DAYS * DAY_MS)
  if (now < from) {
    throw new Error(
      `events of ${month.slice(0, 7)} can still come again: from ${from.toISOString()} on it can be detached`,
    )
  }
}

const monthAt = (date: Date, offset: number): Month =>
  new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset)).toISOString().slice(0, 10)
