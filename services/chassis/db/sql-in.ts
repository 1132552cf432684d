import type { EntityManager } from '@mikro-orm/postgresql'
import { type Sql, valuesOf } from './statements.ts'

/** What runs a query on the connection of a transaction. */
type Context = {
  executeQuery(query: {
    sql: string
    parameters: readonly unknown[]
    query: { kind: 'RawNode'; sqlFragments: readonly string[]; parameters: readonly [] }
    queryId: { queryId: string }
  }): Promise<{ rows: unknown[] }>
}

/**
 * Runs statements inside the transaction of an EntityManager, at once: before what the unit of work writes at its flush. For writes of the ordinary lane
 * that are measured to be hot and that need no entity. It is not prepared, and times and bigints of its rows are text.
 */
export const sqlIn =
  (em: EntityManager): Sql =>
  async (query, params) => {
    const context = em.getTransactionContext<Context>()
    if (!context) throw new Error('there is no transaction: run this inside one')
    const { text: sql } = query
    const { rows } = await context.executeQuery({
      sql,
      parameters: valuesOf(query, params),
      query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
      queryId: { queryId: '' },
    })
    return rows as never
  }
