import { arrayOf, bigint, nullable, type ParamsOf, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { UserEventRow } from '../events/rows.ts'
import { eventColumnParams, eventColumns } from './event-columns.ts'
import { claimedCte, CLASHING, IS_ACCEPTED, KNOWN_CTE, newRows } from './known.ts'
import { rollupCtes } from './rollups.ts'
import { SALES_CTE } from './sales.ts'

const params = {
  ...eventColumnParams,
  userIds: arrayOf(uuid),
  emails: arrayOf(nullable(text)),
  factsIds: arrayOf(uuid),
  factsUserIds: arrayOf(uuid),
  factsUsernames: arrayOf(text),
  factsRevisions: arrayOf(bigint),
}

/**
 * Stores events about users, counts those that are new, sales also for their sellers, and keeps what they say of a username when it is of a higher revision than what
 * is known. Answers with the ids that are there already, at another time: of those it takes nothing.
 */
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
    returning user_id, event_type, event_time, properties
  ),
  ${rollupCtes('user_daily', 'user_id')},
  ${SALES_CTE},
  facts as (
    insert into user_facts as f (user_id, username, revision)
    select distinct on (user_id) user_id, username, revision
    from unnest(${p.factsIds}, ${p.factsUserIds}, ${p.factsUsernames}, ${p.factsRevisions})
      as t (event_id, user_id, username, revision)
    where ${IS_ACCEPTED}
    order by user_id, revision desc
    on conflict (user_id) do update set username = excluded.username, revision = excluded.revision
    where excluded.revision > f.revision
  )
  ${CLASHING}`,
)

/** What it is given for these rows: an array for each column. */
export function userEventColumns(rows: UserEventRow[]): ParamsOf<typeof params> {
  const facts = rows.flatMap((row) => (row.facts ? [{ ...row, ...row.facts }] : []))
  return {
    ...eventColumns(rows),
    userIds: rows.map(({ userId }) => userId),
    emails: rows.map(({ email }) => email),
    factsIds: facts.map(({ id }) => id),
    factsUserIds: facts.map(({ userId }) => userId),
    factsUsernames: facts.map(({ username }) => username),
    factsRevisions: facts.map(({ revision }) => revision),
  }
}
