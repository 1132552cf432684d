import { statement } from '#chassis/db/statements.ts'
import { followedBy, PROFILE, type ProfileRow } from './profile.ts'

/** The users in use among these ids, in any order, and whether a reader follows them. */
export const batchGetUsers = statement<
  [userIds: string[], readerId: string | null],
  ProfileRow & { followed_by_me: boolean }
>(
  'batch_get_users',
  `select ${PROFILE}, ${followedBy('$2')}
  from users u
  where u.id = any ($1::uuid[]) and u.status = 'ACTIVE'`,
)
