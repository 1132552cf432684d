import { integer, nullable, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { LAST_ID } from '#chassis/ids.ts'
import { type Cursor, MAX_ROWS } from '#chassis/page-token.ts'
import { followedBy, PROFILE, type ProfileRow } from './profile.ts'

/** Somebody in a list of follows, and when it began. */
export type FollowRow = ProfileRow & { followed_by_me: boolean; follow_id: string; followed_at: Date }

/** The row of a list in which nobody is. No row at all: the user whose list it is, is none in use. */
type Nobody = { [K in keyof FollowRow]: null }

/** Lists those who are at the other end of a user's follows, the newest first. */
const listFollows = (name: string, own: 'follower_id' | 'following_id', other: 'follower_id' | 'following_id') =>
  statement(name, { userId: uuid, readerId: nullable(uuid), before: timestamptz, beforeId: uuid, limit: integer })<
    FollowRow | Nobody
  >(
    (p) => `select page.* from users owner
    left join lateral (
      select ${PROFILE}, ${followedBy(p.readerId)}, f.id as follow_id, f.created_at as followed_at
      from user_follows f join users u on u.id = f.${other}
      where f.${own} = owner.id and (f.created_at, f.id) < (${p.before}, ${p.beforeId}) and u.status = 'ACTIVE'
      order by f.created_at desc, f.id desc
      limit ${MAX_ROWS}
    ) page on true
    where owner.id = ${p.userId} and owner.status = 'ACTIVE'
    limit ${p.limit}`,
  )

/** Who follows a user. */
export const listFollowers = listFollows('list_followers', 'following_id', 'follower_id')

/** Whom a user follows. */
export const listFollowing = listFollows('list_following', 'follower_id', 'following_id')

/** Where the page after this row begins. */
export const cursorOf = ({ followed_at: at, follow_id: id }: FollowRow): Cursor => [at.toISOString(), id]

/** The parameters for the page after a cursor, or for the first one. */
export const pageAfter = (cursor: Cursor | undefined) => {
  const [before, beforeId] = cursor ?? ['infinity', LAST_ID]
  return { before: String(before), beforeId: String(beforeId) }
}

/** Whether there is somebody in the row. */
export const isSomebody = (row: FollowRow | Nobody): row is FollowRow => row.id !== null
