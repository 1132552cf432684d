import { bigint, nullable, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'
import { PROFILE, type ProfileRow } from '../../../services/user/db/profile.ts'

/** What became of a change. Only CHANGED has stored anything. */
export type Outcome = 'CHANGED' | 'UNCHANGED' | 'ETAG_STALE'

/**
 * UpdateUser as one statement, to measure what the unit of work costs beside it. It changes a profile, and answers with it as it
 * then is. No row: there is no such user in use.
 *
 * `locked` locks the row, and waits while another transaction holds it, so concurrent changes come one after the other and each
 * is computed from the one before. When somebody else held the lock, the row that `stored` finds is older than the one that was
 * locked; PostgreSQL then takes the newest one, which is the locked one.
 */
export const updateUser = statement('update_user', {
  userId: uuid,
  etag: nullable(bigint),
  username: nullable(text),
  firstName: nullable(text),
  lastName: nullable(text),
  bio: nullable(text),
  ...eventParams,
})<ProfileRow & { outcome: Outcome }>(
  (p) => `with locked as (
    select * from users where id = ${p.userId} and status = 'ACTIVE' for update
  ),
  wanted as materialized (
    select p.id, coalesce(${p.username}, p.username) as username,
      case when ${p.firstName} is null then p.first_name else nullif(${p.firstName}, '') end as first_name,
      case when ${p.lastName} is null then p.last_name else nullif(${p.lastName}, '') end as last_name,
      case when ${p.bio} is null then p.bio else nullif(${p.bio}, '') end as bio
    from locked p
  ),
  judged as materialized (
    select w.*,
      case
        when ${p.etag} <> p.revision then 'ETAG_STALE'
        when (w.username, w.first_name, w.last_name, w.bio)
          is distinct from (p.username, p.first_name, p.last_name, p.bio) then 'CHANGED'
        else 'UNCHANGED'
      end as outcome
    from wanted w cross join locked p
  ),
  stored as (
    update users u set username = j.username, first_name = j.first_name, last_name = j.last_name, bio = j.bio,
      revision = u.revision + 1, updated_at = greatest(u.updated_at, clock_timestamp())
    from judged j
    where u.id = j.id and j.outcome = 'CHANGED'
    returning u.*
  ),
  ${outboxCte(p, {
    from: 'stored s cross join locked p',
    at: 's.updated_at',
    aggregateId: 's.id',
    events: [
      emission(
        EVENTS.userRenamed,
        {
          metadata: { aggregateId: 's.id', aggregateRevision: 's.revision' },
          username: 's.username',
          previousUsername: 'p.username',
        },
        's.username <> p.username',
      ),
    ],
  })}
  select j.outcome, ${PROFILE}
  from judged j cross join lateral (
    select * from stored union all select * from locked where j.outcome <> 'CHANGED'
  ) u`,
)
