import { type Sql, type Statement, statement } from './statements.ts'

/** A statement that deletes some of the rows that are not wanted any more, and says how many. */
export type Deletion = Statement<object, { deleted: number }>

/**
 * Declares the deletion of the rows of `table` for which `condition` is true, `limit` of them in one statement: so few that it
 * ends well within its time limit.
 */
export const deletion = (name: string, table: string, condition: string, limit = 5000): Deletion =>
  statement(
    name,
    {},
  )<{ deleted: number }>(
    () => `with gone as (
      delete from ${table}
      where ctid = any (array(select ctid from ${table} where ${condition} limit ${limit})) and ${condition}
      returning 1
    )
    select count(*)::integer as deleted from gone`,
  )

/** Deletes them all, or until `signal` is aborted. */
export async function deleteAll(sql: Sql, query: Deletion, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await sql(query, {}))[0]!.deleted > 0);
}
