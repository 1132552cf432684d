import { User_Role, User_Status, type User } from '#contracts/gen/promptforge/user/v1/user.ts'
import type { ProfileRow } from '../db/profile.ts'

/** A user as anyone sees them. `followedByMe` only when the reader is signed in and somebody else. */
export const toUser = (row: ProfileRow, followedByMe?: boolean): User => ({
  id: row.id,
  username: row.username,
  firstName: row.firstName ?? '',
  lastName: row.lastName ?? '',
  bio: row.bio ?? '',
  followersCount: row.followersCount,
  followingCount: row.followingCount,
  followedByMe,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt ?? undefined,
  etag: String(row.revision),
})

/** A user as they see themselves, and as administrators see them. */
export const toFullUser = (row: ProfileRow, followedByMe?: boolean): User => ({
  ...toUser(row, followedByMe),
  email: row.email,
  role: User_Role[row.role],
  status: User_Status[row.status],
})
