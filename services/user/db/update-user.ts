import { statement } from '#chassis/db/statements.ts'
import { emission, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'
import { PROFILE, type ProfileRow } from './profile.ts'

/** What became of a change. Only CHANGED has stored anything. */
export type Outcome = 'CHANGED' | 'UNCHANGED' | 'ETAG_STALE'

/** A change: null leaves a value as it is; an empty text clears a name or the bio. The parameters of an event come last. */
export type Change = [
  userId: string,
  etag: string | null,
  username: string | null,
  firstName: string | null,
  lastName: string | null,
  bio: string | null,
  ...event: string[],
]

/**
 * Changes a profile in one statement, and answers with it as it then is. No row: there is no such user in use.
 *
 * `present` locks the row, and waits for whoever holds it, so concurrent changes come one after the other and each is computed
 * from the one before. When somebody else held the lock, the row that `stored` finds is older than the one that was locked;
 * PostgreSQL then takes the newest one, which is the locked one.
 */
export const updateUser = statement<Change, ProfileRow & { outcome: Outcome }>(
  'update_user',
  `with present as (
    select * from users where id = $1 and status = 'ACTIVE' for update
  ),
  wanted as materialized (
    select p.id, coalesce($3::text, p.username) as username,
      case when $4::text is null then p.first_name else nullif($4, '') end as first_name,
      case when $5::text is null then p.last_name else nullif($5, '') end as last_name,
      case when $6::text is null then p.bio else nullif($6, '') end as bio
    from present p
  ),
  judged as materialized (
    select w.*,
      case
        when $2::bigint <> p.revision then 'ETAG_STALE'
        when (w.username, w.first_name, w.last_name, w.bio)
          is distinct from (p.username, p.first_name, p.last_name, p.bio) then 'CHANGED'
        else 'UNCHANGED'
      end as outcome
    from wanted w cross join present p
  ),
  stored as (
    update users u set username = j.username, first_name = j.first_name, last_name = j.last_name, bio = j.bio,
      revision = u.revision + 1, updated_at = greatest(u.updated_at, clock_timestamp())
    from judged j
    where u.id = j.id and j.outcome = 'CHANGED'
    returning u.*
  ),
  ${outboxCte({
    from: 'stored s cross join present p',
    at: 's.updated_at',
    aggregateId: 's.id',
    first: 7,
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
    select * from stored union all select * from present where j.outcome <> 'CHANGED'
  ) u`,
)
