import { text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/** Puts a hash of the same password with the present cost in the place of an older one. */
export const renewPasswordHash = statement('renew_password_hash', { userId: uuid, before: text, after: text })(
  (p) => `update users set password = ${p.after} where id = ${p.userId} and password = ${p.before}`,
)
