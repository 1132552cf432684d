import { integer, nullable, uuid } from '#chassis/db/params.ts'
import { type Sql, statement } from '#chassis/db/statements.ts'
import type { ClosedPage } from '#chassis/identity.ts'
import { FIRST_ID } from '#chassis/ids.ts'

/** Accounts and keys in a page. */
const PAGE = 1000

/** How much longer than an access token a closed account or a revoked key is kept, seconds: clocks differ, and a transaction may be slow. */
export const MARGIN_SECONDS = 300

/** The recently closed accounts and revoked API keys behind `after`, by id: a page. */
export const listClosedAccounts = statement('list_closed_accounts', { after: nullable(uuid) })<{
  id: string
  is_key: boolean
}>(
  (p) => `select id, is_key from (
    (${pageOf('closed_accounts', 'user_id', false, p.after)})
    union all
    (${pageOf('revoked_api_keys', 'key_id', true, p.after)})
  ) both_kinds
  order by id
  limit ${PAGE}`,
)

function pageOf(table: string, id: string, isKey: boolean, after: string): string {
  return `select ${id} as id, ${isKey} as is_key from ${table}
    where ${id} > coalesce(${after}, '${FIRST_ID}')
    order by ${id}
    limit ${PAGE}`
}

/** Deletes what was closed or revoked so long ago that no access token is left. */
export const deleteOldClosedAccounts = statement('delete_old_closed_accounts', { seconds: integer })<object>(
  (p) => `with keys as (
    delete from revoked_api_keys where revoked_at < now() - make_interval(secs => ${p.seconds})
  )
  delete from closed_accounts where closed_at < now() - make_interval(secs => ${p.seconds})`,
)

/** A page of the recently closed accounts and revoked API keys. */
export async function closedAccountsPage(sql: Sql, after: string | undefined): Promise<ClosedPage> {
  const rows = await sql(listClosedAccounts, { after: after ?? null })
  const idsOf = (isKey: boolean) => rows.filter((row) => row.is_key === isKey).map(({ id }) => id)
  return { userIds: idsOf(false), apiKeyIds: idsOf(true), next: rows.length === PAGE ? rows.at(-1)!.id : undefined }
}
