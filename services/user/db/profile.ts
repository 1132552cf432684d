import type { Role, Status } from '../user.ts'

/** A user as a message shows one: a row of a statement with `PROFILE`, or the entity. */
export type ProfileRow = {
  id: string
  username: string
  email: string
  firstName?: string | null
  lastName?: string | null
  role: Role
  status: Status
  bio?: string | null
  followersCount: number
  followingCount: number
  createdAt: Date
  updatedAt?: Date | null
  revision: number
}

/** Columns of ProfileRow, of `users u`. */
export const PROFILE = `u.id, u.username, u.email, u.first_name as "firstName", u.last_name as "lastName", u.role, u.status, u.bio,
  u.followers_count as "followersCount", u.following_count as "followingCount", u.created_at as "createdAt",
  u.updated_at as "updatedAt", u.revision`

/**
 * Whether the reader whose id is the SQL `readerId` follows the user `u`. Not `exists`: for a page of users the planner would read
 * everybody whom the reader follows.
 */
export const followedBy = (readerId: string) =>
  `coalesce((select true from user_follows f where f.follower_id = ${readerId} and f.following_id = u.id), false) as followed_by_me`
