import { type Sql, statement } from '#chassis/db/statements.ts'
import type { UserEventRow } from '../events/rows.ts'
import { ACCEPTED, clashingCte } from './clashing.ts'
import { rollupCtes } from './rollups.ts'

/** Stores events about users, and counts those that are new. Answers with the ids that are there already, at another time. */
export const insertUserEventsStatement = statement<unknown[], { event_id: string }>(
  'insert_user_events',
  `with incoming as (
    select * from unnest($1::uuid[], $2::timestamptz[], $3::varchar[], $4::uuid[], $5::varchar[], $6::varchar[], $7::jsonb[])
      as e (event_id, event_time, event_type, user_id, username, email, properties)
  ),
  ${clashingCte('user_activity_events')},
  inserted as (
    insert into user_activity_events (event_id, event_time, event_type, user_id, username, email, properties)
    select event_id, event_time, event_type, user_id, username, email, properties
    ${ACCEPTED}
    on conflict (event_id, event_time) do nothing
    returning user_id, event_type, event_time
  ),
  ${rollupCtes('user_daily', 'user_id')}
  select event_id from clashing`,
)

/** Runs it. */
export async function insertUserEvents(sql: Sql, rows: UserEventRow[]): Promise<string[]> {
  const clashing = await sql(insertUserEventsStatement, [
    rows.map(({ id }) => id),
    rows.map(({ time }) => time.toISOString()),
    rows.map(({ type }) => type),
    rows.map(({ userId }) => userId),
    rows.map(({ username }) => username),
    rows.map(({ email }) => email),
    rows.map(({ properties }) => properties),
  ])
  return clashing.map(({ event_id: id }) => id)
}
