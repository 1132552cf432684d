import type { Account } from '#chassis/grpc/access.ts'
import { uuid } from '#chassis/db/params.ts'
import { type Sql, statement } from '#chassis/db/statements.ts'
import type { Role, Status } from '../user.ts'

/** What a user is now. */
export const checkCaller = statement('check_caller', { userId: uuid })<{ role: Role; status: Status }>(
  (p) => `select role, status from users where id = ${p.userId}`,
)

/** A user's role and status now; a user whom the database does not know is not active. */
export async function readAccount(sql: Sql, userId: string): Promise<Account> {
  const [row] = await sql(checkCaller, { userId })
  return { role: row?.role ?? 'USER', active: row?.status === 'ACTIVE' }
}
