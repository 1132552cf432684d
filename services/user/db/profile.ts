import type { Role, Status } from '../user.ts'

/** A user as a message shows one. */
export type ProfileRow = {
  id: string
  username: string
  email: string
  first_name: string | null
  last_name: string | null
  role: Role
  status: Status
  bio: string | null
  followers_count: number
  following_count: number
  created_at: Date
  updated_at: Date | null
  revision: number
}

/** Columns of ProfileRow, of `users u`. */
export const PROFILE = `u.id, u.username, u.email, u.first_name, u.last_name, u.role, u.status, u.bio, u.followers_count,
  u.following_count, u.created_at, u.updated_at, u.revision`

/** Whether the reader whose id is the parameter `$n` follows the user `u`. */
export const followedBy = (parameter: string) =>
  `exists (select from user_follows f where f.follower_id = ${parameter} and f.following_id = u.id) as followed_by_me`
