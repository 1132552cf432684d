import { arrayOf, nullable, type ParamsOf, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { UserEventRow } from '../events/rows.ts'
import { eventColumnParams, eventColumns } from './event-columns.ts'
import { claimedCte, CLASHING, KNOWN_CTE, newRows } from './known.ts'
import { rollupCtes } from './rollups.ts'

const params = {
  ...eventColumnParams,
  userIds: arrayOf(uuid),
  emails: arrayOf(nullable(text)),
}

/** Stores events about users, and counts those that are new. Answers with the ids that are there already, at another time. */
export const insertUserEvents = statement(
  'insert_user_events',
  params,
)<{ event_id: string }>(
  (p) => `with incoming as (
    select * from unnest(${p.ids}, ${p.times}, ${p.types}, ${p.userIds}, ${p.usernames}, ${p.emails}, ${p.properties},
        ${p.once})
      as e (event_id, event_time, event_type, user_id, username, email, properties, once)
  ),
  ${KNOWN_CTE},
  ${claimedCte('user_id')},
  inserted as (
    insert into user_activity_events (event_id, event_time, event_type, user_id, username, email, properties)
    select event_id, event_time, event_type, user_id, username, email, properties
    ${newRows('user_id')}
    on conflict (event_id, event_time) do nothing
    returning user_id, event_type, event_time
  ),
  ${rollupCtes('user_daily', 'user_id')}
  ${CLASHING}`,
)

/** What it is given for these rows: an array for each column. */
export function userEventColumns(rows: UserEventRow[]): ParamsOf<typeof params> {
  return {
    ...eventColumns(rows),
    userIds: rows.map(({ userId }) => userId),
    emails: rows.map(({ email }) => email),
  }
}
