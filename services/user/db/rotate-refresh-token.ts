import { bytea, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { Role, Status } from '../user.ts'

/**
 * Uses up a refresh token and stores its successor, in one statement. Of two that use the same one, the second waits for the
 * first and then finds nothing left to use. No row: the token cannot be used.
 */
export const rotateRefreshToken = statement('rotate_refresh_token', {
  hash: bytea,
  nextId: uuid,
  nextHash: bytea,
  issuedAt: timestamptz,
  expiresAt: timestamptz,
})<{ id: string; username: string; role: Role }>(
  (p) => `with rotated as (
    update refresh_tokens t set rotated_at = now()
    from users u
    where t.token_hash = ${p.hash} and t.rotated_at is null and t.revoked_at is null and t.expires_at > now()
      and u.id = t.user_id and u.status = 'ACTIVE'
    returning t.family_id, u.id, u.username, u.role
  ),
  next as (
    insert into refresh_tokens (id, family_id, user_id, token_hash, issued_at, expires_at)
    select ${p.nextId}, family_id, id, ${p.nextHash}, ${p.issuedAt}, ${p.expiresAt} from rotated
  )
  select id, username, role from rotated`,
)

/** A refresh token that cannot be used, or not any more. */
export type UsedToken = {
  family_id: string
  rotated_at: Date | null
  now: Date
  /** Of its successor, when that is still to be used. */
  successor_expires_at: Date | null
  id: string
  username: string
  role: Role
  status: Status
}

/** Why a refresh token cannot be used. */
export const inspectRefreshToken = statement('inspect_refresh_token', { hash: bytea, nextHash: bytea })<UsedToken>(
  (
    p,
  ) => `select t.family_id, t.rotated_at, now() as now, next.expires_at as successor_expires_at, u.id, u.username, u.role, u.status
  from refresh_tokens t join users u on u.id = t.user_id
    left join refresh_tokens next
      on next.token_hash = ${p.nextHash} and next.rotated_at is null and next.revoked_at is null and next.expires_at > now()
  where t.token_hash = ${p.hash}`,
)
