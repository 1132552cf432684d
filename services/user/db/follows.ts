import { type SqlNames, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'

const params = { userId: uuid, followerId: uuid, ...eventParams }

/** How many follow the user afterwards. No row: there is no such user in use. */
type FollowersRow = { followers_count: number }

/** Makes a user follow another one, and counts it for both; a second time it changes nothing. */
export const followUser = statement(
  'follow_user',
  params,
)<FollowersRow>((p) =>
  changeFollows(p, {
    event: EVENTS.userFollowed,
    step: 1,
    changed: `insert into user_follows (id, follower_id, following_id, created_at)
      select uuidv7(), ${p.followerId}, t.id, now() from target t
      on conflict (follower_id, following_id) do nothing
      returning follower_id, following_id`,
  }),
)

/** Takes a follow back, and counts it down for both. */
export const unfollowUser = statement(
  'unfollow_user',
  params,
)<FollowersRow>((p) =>
  changeFollows(p, {
    event: EVENTS.userUnfollowed,
    step: -1,
    changed: `delete from user_follows f using target t
      where f.follower_id = ${p.followerId} and f.following_id = t.id
      returning f.follower_id, f.following_id`,
  }),
)

type Change = {
  event: typeof EVENTS.userFollowed | typeof EVENTS.userUnfollowed
  /** What is added to both counts for the row that `changed` returns. */
  step: 1 | -1
  /** Changes what the follower follows of `target`, and returns the row when there was something to change. */
  changed: string
}

// Both users are locked in the order of their ids: two who follow each other at the same time would otherwise wait for each other.
function changeFollows(p: SqlNames<typeof params>, { event, step, changed }: Change): string {
  return `
  with pair as (
    select u.id, u.status, u.followers_count from users u where u.id in (${p.userId}, ${p.followerId})
    order by u.id for no key update
  ),
  target as (
    select t.id, t.followers_count from pair t
    where t.id = ${p.userId} and 2 = (select count(*) from pair where status = 'ACTIVE')
  ),
  changed as (${changed}),
  counted as (
    update users u set
      followers_count = u.followers_count + case when u.id = c.following_id then ${step} else 0 end,
      following_count = u.following_count + case when u.id = c.follower_id then ${step} else 0 end,
      follows_revision = u.follows_revision + case when u.id = c.follower_id then 1 else 0 end
    from changed c where u.id in (${p.userId}, ${p.followerId})
    returning u.id, u.username, u.followers_count, u.follows_revision, c.follower_id, c.following_id
  ),
  ${outboxCte(p, {
    from: '(select * from counted where id = follower_id) c',
    at: 'now()',
    aggregateId: 'c.id',
    events: [
      emission(event, {
        metadata: { aggregateId: 'c.id', aggregateRevision: 'c.follows_revision' },
        username: 'c.username',
        followingId: 'c.following_id',
      }),
    ],
  })}
  select coalesce((select followers_count from counted where id = following_id), t.followers_count) as followers_count
  from target t`
}
