import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { verify } from '@node-rs/bcrypt'
import { type JSONWebKeySet, SignJWT } from 'jose'
import type { Pool } from 'pg'
import { v4, v7 } from 'uuid'
import { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { type User, User_Role, User_Status } from '#contracts/gen/promptforge/user/v1/user.ts'
import { UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { findAccountByUsername } from '../../../services/user/db/find-account.ts'
import { followUser, unfollowUser } from '../../../services/user/db/follows.ts'
import { getUser } from '../../../services/user/db/get-user.ts'
import type { ProfileRow } from '../../../services/user/db/profile.ts'
import { startSession } from '../../../services/user/db/start-session.ts'
import { bareRpc, type BareRpc, query } from './serve.ts'
import type { Caller } from './tokens.ts'
import { updateUser } from './update-user.ts'

const ACCESS_MS = 900_000
const REFRESH_MS = 30 * 86_400_000

/** The user service's measured RPCs with nothing but their statements, and its keys for the gateway. */
export function userRpcs(pool: Pool, keys: JSONWebKeySet, rules: { issuer: string; audience: string }): BareRpc[] {
  const { privateKey } = generateKeyPairSync('ed25519')
  const address = '127.0.0.1'
  const changeFollow = async (change: typeof followUser, userId: string, caller: Caller) => {
    const [row] = await query(pool, change, { userId, followerId: caller.userId, eventHeaders: '{}' })
    if (!row) throw new Error('no such user')
    return { followersCount: row.followers_count }
  }

  return [
    bareRpc(AuthServiceService.getJwks, async () => ({
      contentType: 'application/json',
      data: Buffer.from(JSON.stringify(keys)),
      extensions: [],
    })),
    bareRpc(UserServiceService.getUser, async ({ userId }, caller) => {
      const [row] = await query(pool, getUser, { userId, readerId: caller!.userId })
      if (!row) throw new Error('no such user')
      const followedByMe = userId === caller!.userId ? undefined : row.followed_by_me
      return { user: { ...toUser(row), followedByMe } }
    }),
    bareRpc(UserServiceService.updateUser, async ({ userId, username, firstName, lastName, bio, etag }) => {
      const [row] = await query(pool, updateUser, {
        userId,
        etag: etag ?? null,
        username: username ?? null,
        firstName: firstName ?? null,
        lastName: lastName ?? null,
        bio: bio ?? null,
        eventHeaders: '{}',
      })
      if (!row) throw new Error('no such user')
      return { user: toFullUser(row) }
    }),
    bareRpc(UserServiceService.followUser, ({ userId }, caller) => changeFollow(followUser, userId, caller!)),
    bareRpc(UserServiceService.unfollowUser, ({ userId }, caller) => changeFollow(unfollowUser, userId, caller!)),
    bareRpc(AuthServiceService.login, async ({ login, password }) => {
      const account = createHash('sha256').update(login.toLowerCase()).digest()
      const [row] = await query(pool, findAccountByUsername, { login, account, address })
      if (!row?.id || !(await verify(password, row.password))) throw new Error('no such account')
      const now = Date.now()
      const [expires, refreshExpires] = [new Date(now + ACCESS_MS), new Date(now + REFRESH_MS)]
      const { id: sub, username, role } = row
      const claims = { iss: rules.issuer, aud: rules.audience, sub, username, role, jti: v4() }
      const accessToken = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'EdDSA', kid: v7() })
        .setIssuedAt()
        .setExpirationTime(expires)
        .sign(privateKey)
      const refreshToken = randomBytes(32).toString('base64url')
      const hash = createHash('sha256').update(refreshToken).digest()
      await query(pool, startSession, {
        userId: row.id,
        passwordRevision: row.password_revision,
        tokenId: v7(),
        tokenHash: hash,
        issuedAt: new Date(now),
        expiresAt: refreshExpires,
        account,
        address,
        eventHeaders: '{}',
      })
      const tokens = { accessToken, accessTokenExpiresAt: expires, refreshToken, refreshTokenExpiresAt: refreshExpires }
      return { user: toFullUser(row as ProfileRow), tokens }
    }),
  ]
}

const toUser = (row: ProfileRow): User => ({
  id: row.id,
  username: row.username,
  firstName: row.firstName ?? '',
  lastName: row.lastName ?? '',
  bio: row.bio ?? '',
  followersCount: row.followersCount,
  followingCount: row.followingCount,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt ?? undefined,
  etag: String(row.revision),
})

const toFullUser = (row: ProfileRow): User => ({
  ...toUser(row),
  email: row.email,
  role: User_Role[row.role],
  status: User_Status[row.status],
})
