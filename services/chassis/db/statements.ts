import type { Pool } from 'pg'

/** A query with a name: prepared once a connection, then sent by name. */
export type Statement<Params extends readonly unknown[], Row> = {
  name: string
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

/** Runs a statement in one round trip and answers with its rows. */
export type Sql = <Params extends readonly unknown[], Row>(
  query: Statement<Params, Row>,
  params: Params,
) => Promise<Row[]>

/** Runs statements on a pool. */
export const createSql =
  (pool: Pool): Sql =>
  async ({ name, text }, values) => {
    const { rows } = await pool.query({ name, text, values: [...values] })
    return rows
  }
