import { LAST_ID } from '#chassis/ids.ts'
import type { Cursor } from '#chassis/page-token.ts'

/** What lists of events are ordered by, newest first. */
export type EventKey = { event_time: Date; event_id: string }

/** Whether an event comes after the cursor. The time alone is said once more, for by it partitions are left out. */
export const isAfter = ({ key, id }: { key: string; id: string }) =>
  `event_time <= ${key} and (event_time, event_id) < (${key}, ${id})`

/** What a list of events is asked for. */
export type EventRange = { start?: Date | undefined; end?: Date | undefined }

/** The parameters of a page: a list without a range is of all times. */
export function pageParams({ start, end }: EventRange, [key, id]: Cursor = ['infinity', LAST_ID], limit: number) {
  return { start: start ?? '-infinity', end: end ?? 'infinity', key: String(key), id: String(id), limit }
}

/** Where the page after this event begins. */
export const cursorOf = ({ event_time: time, event_id: id }: EventKey): Cursor => [time.toISOString(), id]
