import { arrayOf, nullable, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { followedBy, PROFILE, type ProfileRow } from './profile.ts'

/** The users in use among these ids, in any order, and whether a reader follows them. */
export const batchGetUsers = statement('batch_get_users', { userIds: arrayOf(uuid), readerId: nullable(uuid) })<
  ProfileRow & { followed_by_me: boolean }
>(
  (p) => `select ${PROFILE}, ${followedBy(p.readerId)}
  from users u
  where u.id = any (${p.userIds}) and u.status = 'ACTIVE'`,
)
