import { bytea, integer, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'

/**
 * Starts a session after a successful sign-in, and forgets the failures before it. No row: the password was changed while it was
 * checked, or the account closed. The lock makes a change that comes now wait, and end this session.
 */
export const startSession = statement('start_session', {
  userId: uuid,
  passwordRevision: integer,
  tokenId: uuid,
  tokenHash: bytea,
  issuedAt: timestamptz,
  expiresAt: timestamptz,
  account: bytea,
  address: text,
  ...eventParams,
})<{ id: string }>(
  (p) => `with owner as (
    select u.id, u.username, u.revision from users u
    where u.id = ${p.userId} and u.password_revision = ${p.passwordRevision} and u.status = 'ACTIVE'
    for share
  ),
  forgiven as (
    delete from sign_in_failures using owner where account = ${p.account} and address = ${p.address}
  ),
  session as (
    insert into refresh_tokens (id, family_id, user_id, token_hash, issued_at, expires_at)
    select ${p.tokenId}, ${p.tokenId}, id, ${p.tokenHash}, ${p.issuedAt}, ${p.expiresAt} from owner
    returning id, user_id, issued_at
  ),
  ${outboxCte(p, {
    from: 'session s join owner u on u.id = s.user_id',
    at: 's.issued_at',
    aggregateId: 'u.id',
    events: [
      emission(EVENTS.userSignedIn, {
        metadata: { aggregateId: 'u.id', aggregateRevision: 'u.revision' },
        username: 'u.username',
      }),
    ],
  })}
  select id from session`,
)
