import { boolean, integer, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/** Stores whether one user follows another, unless what is known is as new: delivery may repeat and reorder. */
export const knowFollow = statement('know_follow', {
  followerId: uuid,
  followingId: uuid,
  revision: integer,
  active: boolean,
})(
  (p) => `insert into follows (follower_id, following_id, revision, active)
    values (${p.followerId}, ${p.followingId}, ${p.revision}, ${p.active})
    on conflict (follower_id, following_id) do update set revision = excluded.revision, active = excluded.active
    where excluded.revision > follows.revision`,
)
