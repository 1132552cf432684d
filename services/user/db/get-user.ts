import { statement } from '#chassis/db/statements.ts'
import { followedBy, PROFILE, type ProfileRow } from './profile.ts'

/** A user in use, and whether a reader follows them. */
export const getUser = statement<[userId: string, readerId: string | null], ProfileRow & { followed_by_me: boolean }>(
  'get_user',
  `select ${PROFILE}, ${followedBy('$2')}
  from users u
  where u.id = $1 and u.status = 'ACTIVE'`,
)
