import { integer, nullable, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { MAX_ROWS } from '#chassis/page-token.ts'
import { type EventKey, isAfter } from './event-pages.ts'

/** An event as it is listed. */
export type UserEventRow = EventKey & { event_type: string; username: string | null }

/** A page of what a user did with their account, newest first. It reads the partitions of its time, newest first, until it is full. */
export const listUserEvents = statement('list_user_events', {
  userId: uuid,
  start: timestamptz,
  end: timestamptz,
  type: nullable(text),
  key: timestamptz,
  id: uuid,
  limit: integer,
})<UserEventRow>(
  (p) => `select * from (
    select event_id, event_type, event_time, username
    from user_activity_events
    where user_id = ${p.userId} and event_time >= ${p.start} and event_time < ${p.end} and ${isAfter(p)}
      and (${p.type} is null or event_type = ${p.type})
    order by event_time desc, event_id desc
    limit ${MAX_ROWS}
  ) page limit ${p.limit}`,
)
