import { type Sql, statement } from '#chassis/db/statements.ts'

/** Rows that one statement deletes at the most, so that it ends well within its time limit. */
const AT_ONCE = 5000

/** One statement for each kind of row. */
export const EXPIRED = [
  deletion('delete_expired_refresh_tokens', 'refresh_tokens', 'expires_at < now()'),
  deletion('delete_old_sign_in_failures', 'sign_in_failures', `retry_at < now() - interval '1 hour'`),
  deletion('delete_free_usernames', 'held_usernames', 'held_until < now()'),
]

/** Deletes refresh tokens that have expired, failures after an hour's quiet, and usernames that are no longer held. */
export async function deleteExpired(sql: Sql): Promise<void> {
  for (const query of EXPIRED) while ((await sql(query, []))[0]!.deleted === AT_ONCE);
}

function deletion(name: string, table: string, condition: string) {
  return statement<[], { deleted: number }>(
    name,
    `with gone as (
      delete from ${table}
      where ctid = any (array(select ctid from ${table} where ${condition} limit ${AT_ONCE})) and ${condition}
      returning 1
    )
    select count(*)::integer as deleted from gone`,
  )
}
