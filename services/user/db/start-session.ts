import { bytea, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'

/** Starts a session after a successful sign-in, and forgets the failures before it. */
export const startSession = statement('start_session', {
  userId: uuid,
  tokenId: uuid,
  tokenHash: bytea,
  issuedAt: timestamptz,
  expiresAt: timestamptz,
  account: bytea,
  address: text,
  ...eventParams,
})(
  (p) => `with forgiven as (
    delete from sign_in_failures where account = ${p.account} and address = ${p.address}
  ),
  session as (
    insert into refresh_tokens (id, family_id, user_id, token_hash, issued_at, expires_at)
    values (${p.tokenId}, ${p.tokenId}, ${p.userId}, ${p.tokenHash}, ${p.issuedAt}, ${p.expiresAt})
    returning user_id, issued_at
  ),
  ${outboxCte(p, {
    from: 'session s join users u on u.id = s.user_id',
    at: 's.issued_at',
    aggregateId: 'u.id',
    events: [
      emission(EVENTS.userSignedIn, {
        metadata: { aggregateId: 'u.id', aggregateRevision: 'u.revision' },
        username: 'u.username',
      }),
    ],
  })}
  select from session`,
)
