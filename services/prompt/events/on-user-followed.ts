import type { Sql } from '#chassis/db/statements.ts'
import type { Received } from '#chassis/events/envelope.ts'
import type { UserFollowed, UserUnfollowed } from '#contracts/gen/promptforge/user/v1/user_events.ts'
import { knowFollow } from '../db/follows.ts'

/** Both facts: `active` says which. The revision makes it idempotent, so that it needs no inbox. */
const onFollow =
  (active: boolean) =>
  (sql: Sql) =>
  ({ payload: { metadata, followingId } }: Received<UserFollowed | UserUnfollowed>) => {
    const { aggregateId: followerId, aggregateRevision } = metadata!
    return sql(knowFollow, { followerId, followingId, revision: Number(aggregateRevision), active })
  }

export const onUserFollowed = onFollow(true)

export const onUserUnfollowed = onFollow(false)
