import pg, { type Pool } from 'pg'

/** A query. With a name it is prepared once a connection, then sent by name. */
export type Statement<Params extends readonly unknown[], Row> = {
  /** Undefined: planned at each run, with the values of its parameters. */
  name: string | undefined
  text: string
  /** Phantoms: what the parameters and the rows are. */
  readonly params?: Params
  readonly row?: Row
}

/** Declares a statement. `name` is unique within a service; `text` has `$n` for its parameters. */
export const statement = <Params extends readonly unknown[], Row>(
  name: string,
  text: string,
): Statement<Params, Row> => ({
  name,
  text,
})

/**
 * Declares a query for which no single plan is good (a filter that may match half a table or three rows). It is planned at
 * each run, with the values of its parameters.
 */
export const unprepared = <Params extends readonly unknown[], Row>(text: string): Statement<Params, Row> => ({
  name: undefined,
  text,
})

/** Runs a statement in one round trip and answers with its rows. */
export type Sql = <Params extends readonly unknown[], Row>(
  query: Statement<Params, Row>,
  params: Params,
) => Promise<Row[]>

/** Runs statements on a pool. Values are read as `pg` reads them: MikroORM's pool would leave timestamps as text. */
export const createSql =
  (pool: Pool): Sql =>
  async ({ name, text }, values) => {
    const { rows } = await pool.query({ name, text, values: [...values], types: pg.types })
    return rows
  }
