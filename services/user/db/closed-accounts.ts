import { integer, nullable, uuid } from '#chassis/db/params.ts'
import { type Sql, statement } from '#chassis/db/statements.ts'
import type { ClosedPage } from '#chassis/identity.ts'

/** Accounts in a page. */
const PAGE = 1000

/** How much longer than an access token a closed account is kept, seconds: clocks differ, and a transaction may be slow. */
export const MARGIN_SECONDS = 300

/** The recently closed accounts behind `after`, by id: a page. */
export const listClosedAccounts = statement('list_closed_accounts', { after: nullable(uuid) })<{ user_id: string }>(
  (p) => `select user_id from closed_accounts
  where user_id > coalesce(${p.after}, '00000000-0000-0000-0000-000000000000')
  order by user_id
  limit ${PAGE}`,
)

/** Deletes what was closed so long ago that no access token is left. */
export const deleteOldClosedAccounts = statement('delete_old_closed_accounts', { seconds: integer })<object>(
  (p) => `delete from closed_accounts where closed_at < now() - make_interval(secs => ${p.seconds})`,
)

/** A page of the recently closed accounts. */
export async function closedAccountsPage(sql: Sql, after: string | undefined): Promise<ClosedPage> {
  const rows = await sql(listClosedAccounts, { after: after ?? null })
  const userIds = rows.map((row) => row.user_id)
  return { userIds, next: userIds.length === PAGE ? userIds.at(-1) : undefined }
}
