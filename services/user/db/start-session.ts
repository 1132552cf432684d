import { statement } from '#chassis/db/statements.ts'

/** Starts a session after a successful sign-in, and forgets the failures before it. */
export const startSession = statement<
  [
    userId: string,
    refreshTokenId: string,
    hash: Buffer,
    issuedAt: Date,
    expiresAt: Date,
    account: Buffer,
    address: string,
  ],
  never
>(
  'start_session',
  `with forgiven as (
    delete from sign_in_failures where account = $6 and address = $7
  )
  insert into refresh_tokens (id, family_id, user_id, token_hash, issued_at, expires_at)
  values ($2, $2, $1, $3, $4, $5)`,
)
