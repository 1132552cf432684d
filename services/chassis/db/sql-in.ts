import type { EntityManager } from '@mikro-orm/postgresql'
import { CompiledQuery } from 'kysely'
import pg from 'pg'
import { type Sql, type Statement, valuesOf } from './statements.ts'

/** A query as `pg` takes it. The query builder knows only texts, but hands on what it gets, so a query may have a name. */
type Query = { name: string | undefined; text: string; types?: typeof pg.types }

/**
 * Runs statements inside the transaction of an EntityManager, at once: before what the unit of work writes at its flush. For statements of the ordinary
 * lane that are measured to be hot and that need no entity. They are prepared, and their rows are read, as those of the hot lane are.
 */
export const sqlIn =
  (em: EntityManager): Sql =>
  async (query, params) => {
    const { name, text } = query
    return (await run(em, { name, text, types: pg.types }, valuesOf(query, params))) as never
  }

/** Runs a statement in the same way. Its rows are as the unit of work takes them to make entities: times and bigints are text. */
export const rowsIn = <Row>(
  em: EntityManager,
  { name, text }: Pick<Statement<never, Row>, 'name' | 'text'>,
  values: unknown[],
) => run(em, { name, text }, values) as Promise<Row[]>

async function run(em: EntityManager, query: Query, values: unknown[]): Promise<unknown[]> {
  // MikroORM would run it outside of any.
  if (!em.isInTransaction()) throw new Error('there is no transaction: run this inside one')
  const compiled = CompiledQuery.raw(query as unknown as string, values)
  return (await em.getKysely<unknown>().executeQuery(compiled)).rows
}
