import { User_Role, User_Status, type User } from '#contracts/gen/promptforge/user/v1/user.ts'
import type { ProfileRow } from '../db/profile.ts'

/** A user as anyone sees them. `followedByMe` only when the reader is signed in and somebody else. */
export const toUser = (row: ProfileRow, followedByMe?: boolean): User => ({
  id: row.id,
  username: row.username,
  firstName: row.first_name ?? '',
  lastName: row.last_name ?? '',
  bio: row.bio ?? '',
  followersCount: row.followers_count,
  followingCount: row.following_count,
  followedByMe,
  createdAt: row.created_at,
  updatedAt: row.updated_at ?? undefined,
  etag: String(row.revision),
})

/** A user as they see themselves, and as administrators see them. */
export const toFullUser = (row: ProfileRow, followedByMe?: boolean): User => ({
  ...toUser(row, followedByMe),
  email: row.email,
  role: User_Role[row.role],
  status: User_Status[row.status],
})
