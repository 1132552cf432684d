import { auditEmission, auditParams } from '#chassis/audit.ts'
import { bytea, integer, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'

/** The session of a user that a refresh token belongs to, while it has not ended. */
export const findSessionOf = statement('find_session_of', { hash: bytea, userId: uuid })<{ family_id: string }>(
  (p) => `select family_id from refresh_tokens
  where token_hash = ${p.hash} and user_id = ${p.userId} and revoked_at is null and expires_at > now()`,
)

/**
 * Stores the hash of another password, ends every session but one, forgets the failures before, and writes the entry of the audit log. No row: the password at
 * this revision is not the present one any more, or the account is closed.
 */
export const changePassword = statement('change_password', {
  userId: uuid,
  revision: integer,
  password: text,
  keptFamilyId: uuid,
  account: bytea,
  address: text,
  ...eventParams,
  ...auditParams,
})<{ id: string }>(
  (p) => `with changed as (
    update users set password = ${p.password}, password_revision = password_revision + 1
    where id = ${p.userId} and password_revision = ${p.revision} and status = 'ACTIVE'
    returning id
  ),
  ended as (
    update refresh_tokens t set revoked_at = now() from changed c
    where t.user_id = c.id and t.family_id <> ${p.keptFamilyId} and t.revoked_at is null
  ),
  forgiven as (
    delete from sign_in_failures using changed where account = ${p.account} and address = ${p.address}
  ),
  ${outboxCte(p, {
    from: 'changed c',
    at: 'now()',
    aggregateId: 'c.id',
    events: [auditEmission(EVENTS.userAudited, p)],
  })}
  select id from changed`,
)
