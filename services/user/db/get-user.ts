import { nullable, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { followedBy, PROFILE, type ProfileRow } from './profile.ts'

/** A user in use, and whether a reader follows them. */
export const getUser = statement('get_user', { userId: uuid, readerId: nullable(uuid) })<
  ProfileRow & { followed_by_me: boolean }
>(
  (p) => `select ${PROFILE}, ${followedBy(p.readerId)}
  from users u
  where u.id = ${p.userId} and u.status = 'ACTIVE'`,
)
