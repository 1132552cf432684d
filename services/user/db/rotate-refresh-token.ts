import { statement } from '#chassis/db/statements.ts'
import type { Role, Status } from '../user.ts'

/**
 * Uses up a refresh token and stores its successor, in one statement. Of two that use the same one, the second waits for the
 * first and then finds nothing left to use. No row: the token cannot be used.
 */
export const rotateRefreshToken = statement<
  [hash: Buffer, nextId: string, nextHash: Buffer, issuedAt: Date, expiresAt: Date],
  { id: string; username: string; role: Role }
>(
  'rotate_refresh_token',
  `with rotated as (
    update refresh_tokens t set rotated_at = now()
    from users u
    where t.token_hash = $1 and t.rotated_at is null and t.revoked_at is null and t.expires_at > now()
      and u.id = t.user_id and u.status = 'ACTIVE'
    returning t.family_id, u.id, u.username, u.role
  ),
  next as (
    insert into refresh_tokens (id, family_id, user_id, token_hash, issued_at, expires_at)
    select $2::uuid, family_id, id, $3::bytea, $4::timestamptz, $5::timestamptz from rotated
  )
  select id, username, role from rotated`,
)

/** Why a refresh token cannot be used. */
export const inspectRefreshToken = statement<
  [hash: Buffer],
  { family_id: string; is_rotated: boolean; status: Status }
>(
  'inspect_refresh_token',
  `select t.family_id, t.rotated_at is not null as is_rotated, u.status
  from refresh_tokens t join users u on u.id = t.user_id
  where t.token_hash = $1`,
)
