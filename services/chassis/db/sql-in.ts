import type { EntityManager } from '@mikro-orm/postgresql'
import { CompiledQuery } from 'kysely'
import { type Sql, valuesOf } from './statements.ts'

/**
 * Runs statements inside the transaction of an EntityManager, at once: before what the unit of work writes at its flush. For writes of the ordinary lane
 * that are measured to be hot and that need no entity. It is not prepared, and times and bigints of its rows are text.
 */
export const sqlIn =
  (em: EntityManager): Sql =>
  async (query, params) => {
    // MikroORM would run it outside of any.
    if (!em.isInTransaction()) throw new Error('there is no transaction: run this inside one')
    const { rows } = await em.getKysely<unknown>().executeQuery(CompiledQuery.raw(query.text, valuesOf(query, params)))
    return rows as never
  }
