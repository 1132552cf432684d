import { auditEmission, auditParams } from '#chassis/audit.ts'
import { nullable, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { DELETED_USER, EVENTS } from '#contracts/events.ts'

/** Whom to erase, by e-mail address or by id. */
export const findUserToErase = statement('find_user_to_erase', { email: nullable(text), id: nullable(uuid) })<{
  id: string
  is_erased: boolean
  is_last_admin: boolean
}>(
  (p) => `select id, erased_at is not null as is_erased,
    role = 'ADMIN' and status = 'ACTIVE' and not exists (
      select from users o where o.role = 'ADMIN' and o.status = 'ACTIVE' and o.id <> u.id
    ) as is_last_admin
  from users u where id = ${p.id} or lower(email collate "C") = lower(${p.email} collate "C")`,
)

/**
 * Takes name, address and profile from a user and closes the account, once, and tells that it is erased, each time; the audit log has it once. What stands for name and
 * address has a space: nobody can register it, and nobody sign in with it.
 */
export const eraseUser = statement('erase_user', { userId: uuid, ...eventParams, ...auditParams })<{ erased_at: Date }>(
  (p) => `with erased as (
    update users set username = 'deleted ' || id, email = 'deleted ' || id, password = '-', first_name = null,
      last_name = null, bio = null, role = 'USER', status = 'DEACTIVATED', password_revision = password_revision + 1,
      revision = revision + 1, updated_at = greatest(now(), updated_at), erased_at = now()
    where id = ${p.userId} and erased_at is null
    returning id, revision, erased_at
  ),
  told as (
    select * from erased
    union all
    select id, revision, erased_at from users where id = ${p.userId} and erased_at is not null
  ),
  ${outboxCte(p, {
    from: 'told t',
    at: 't.erased_at',
    aggregateId: 't.id',
    events: [
      emission(EVENTS.userErased, { metadata: { aggregateId: 't.id', aggregateRevision: 't.revision' } }),
      auditEmission(EVENTS.userAudited, p, 'exists (select from erased)'),
    ],
  })}
  select erased_at from told`,
)

/** Deletes what else there is of an erased user: sessions, API keys and former names. The triggers on `users` have stored the last one. */
export const deleteBelongings = statement('delete_belongings', { userId: uuid })(
  (p) => `with sessions as (delete from refresh_tokens where user_id = ${p.userId}),
  names as (delete from held_usernames where user_id = ${p.userId}),
  keys as (delete from api_keys where user_id = ${p.userId} returning id)
  insert into revoked_api_keys (key_id, revoked_at) select id, now() from keys on conflict do nothing`,
)

/** Whether JetStream has all events of a subject. */
export const isPublished = statement('is_published', { subject: text })<{ is_published: boolean }>(
  (p) => `select not exists (
    select from outbox where subject = ${p.subject} and processed_at is null and abandoned_at is null
  ) as is_published`,
)

/** Follows that one statement ends. */
const BATCH = 500

/** Ends some of the follows of a user and of the user's followers, counts them down and tells of each; answers with how many. */
export const endFollows = statement('end_follows', { userId: uuid, ...eventParams })<{ ended: number }>(
  (p) => `with page as materialized (
    (select id, follower_id, following_id from user_follows where follower_id = ${p.userId} limit ${BATCH})
    union all
    (select id, follower_id, following_id from user_follows where following_id = ${p.userId} limit ${BATCH})
  ),
  locked as materialized (
    select u.id from users u where u.id in (select follower_id from page union select following_id from page)
    order by u.id for no key update
  ),
  gone as (
    delete from user_follows f using page
    where f.id = page.id and (select count(*) from locked) > 0
    returning f.follower_id, f.following_id
  ),
  steps as (
    select id, sum(followers)::integer as followers, sum(following)::integer as following
    from (
      select following_id as id, 1 as followers, 0 as following from gone
      union all
      select follower_id, 0, 1 from gone
    ) each group by id
  ),
  counted as (
    update users u set followers_count = u.followers_count - s.followers, following_count = u.following_count - s.following,
      follows_revision = u.follows_revision + s.following
    from steps s where u.id = s.id
    returning u.id, u.username, u.follows_revision
  ),
  told as (
    select c.id, g.following_id,
      case when c.id = ${p.userId} then '${DELETED_USER}' else c.username end as username,
      c.follows_revision + 1 - row_number() over (partition by c.id order by g.following_id) as revision
    from gone g join counted c on c.id = g.follower_id
  ),
  ${outboxCte(p, {
    from: 'told t',
    at: 'now()',
    aggregateId: 't.id',
    events: [
      emission(EVENTS.userUnfollowed, {
        metadata: { aggregateId: 't.id', aggregateRevision: 't.revision' },
        username: 't.username',
        followingId: 't.following_id',
      }),
    ],
  })}
  select count(*)::integer as ended from gone`,
)
