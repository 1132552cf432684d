import { policy_ScopeFromJSON } from '#contracts/gen/promptforge/access/v1/access.ts'
import type { ApiKey } from '#contracts/gen/promptforge/auth/v1/api_key.ts'
import { User_Role, User_Status, type User } from '#contracts/gen/promptforge/user/v1/user.ts'
import type { ApiKeyRow } from '../db/api-key.entity.ts'
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

/** An API key as its user sees it. */
export const toApiKey = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  scopes: row.scopes.map(policy_ScopeFromJSON),
  createdAt: row.createdAt,
  expiresAt: row.expiresAt ?? undefined,
  lastUsedAt: row.lastUsedAt ?? undefined,
  revokedAt: row.revokedAt ?? undefined,
})
