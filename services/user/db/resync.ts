import { emission } from '#chassis/events/outbox.ts'
import { resyncOf } from '#chassis/events/resync.ts'
import { DELETED_USER, EVENTS } from '#contracts/events.ts'

const metadata = { aggregateId: 't.id', aggregateRevision: 't.revision' }
const isErased = 't.erased_at is not null'
const username = `case when ${isErased} then '${DELETED_USER}' else t.username end`
const email = `case when ${isErased} then null else t.email end`

const follower = { aggregateId: 't.follower_id', aggregateRevision: 't.revision' }

/**
 * What `resync` tells of a user: the registration, the present name unless it can be no other than the first one, and that it was erased. And whom
 * users follow now, at the present revision of each follower: a follow that has ended since has no row, and is not told.
 */
export const resync = resyncOf(
  {
    table: 'users',
    events: [
      { ...emission(EVENTS.userRegistered, { metadata, username, email }), at: 't.created_at' },
      {
        ...emission(EVENTS.userRenamed, { metadata, username, previousUsername: 'null' }, 't.revision > 1'),
        at: 'coalesce(t.updated_at, t.created_at)',
      },
      { ...emission(EVENTS.userErased, { metadata }, isErased), at: 't.erased_at' },
    ],
  },
  {
    table: 'user_follows',
    rows: `(
      select f.id, f.follower_id, f.following_id, f.created_at, u.follows_revision as revision, u.username, u.erased_at
      from user_follows f join users u on u.id = f.follower_id
    )`,
    events: [
      {
        ...emission(EVENTS.userFollowed, { metadata: follower, username, followingId: 't.following_id' }),
        at: 't.created_at',
      },
    ],
  },
)
