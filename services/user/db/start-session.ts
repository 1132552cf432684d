import { statement } from '#chassis/db/statements.ts'
import { emission, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'

/** Starts a session after a successful sign-in, and forgets the failures before it. The event's parameters come last. */
export const startSession = statement<
  [
    userId: string,
    refreshTokenId: string,
    hash: Buffer,
    issuedAt: Date,
    expiresAt: Date,
    account: Buffer,
    address: string,
    ...event: string[],
  ],
  never
>(
  'start_session',
  `with forgiven as (
    delete from sign_in_failures where account = $6 and address = $7
  ),
  session as (
    insert into refresh_tokens (id, family_id, user_id, token_hash, issued_at, expires_at)
    values ($2, $2, $1, $3, $4, $5)
    returning user_id, issued_at
  ),
  ${outboxCte({
    from: 'session s join users u on u.id = s.user_id',
    at: 's.issued_at',
    aggregateId: 'u.id',
    first: 8,
    events: [
      emission(EVENTS.userSignedIn, {
        metadata: { aggregateId: 'u.id', aggregateRevision: 'u.revision' },
        username: 'u.username',
      }),
    ],
  })}
  select from session`,
)
