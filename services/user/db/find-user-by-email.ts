import { text } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/** The user in use who has an e-mail address, whatever its case. */
export const findUserByEmail = statement('find_user_by_email', { email: text })<{ id: string }>(
  (p) => `select id from users where lower(email collate "C") = lower(${p.email} collate "C") and status = 'ACTIVE'`,
)
