import { statement } from '#chassis/db/statements.ts'

/** Puts a hash of the same password with the present cost in the place of an older one. */
export const renewPasswordHash = statement<[userId: string, before: string, after: string], never>(
  'renew_password_hash',
  'update users set password = $3 where id = $1 and password = $2',
)
