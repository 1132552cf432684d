import { createHash } from 'node:crypto'
import pg, { type Pool } from 'pg'
import type { ParamSpec, ParamsOf, SqlNames } from './params.ts'

/** A query. With a name it is prepared once per connection, then sent by name. */
export type Statement<Params, Row> = {
  /** Undefined: planned at each run, with the values of its parameters. */
  name: string | undefined
  text: string
  /** The names of the parameters, in the order of their numbers. */
  paramNames: readonly string[]
  /** Phantoms: what the parameters and the rows are. */
  readonly params?: Params
  readonly row?: Row
}

/** Makes a statement of its text, in which `p.title` stands for the parameter `title`. `Row` is what a row of the answer has. */
type Build<Spec extends ParamSpec> = <Row = never>(
  text: (p: SqlNames<Spec>) => string,
) => Statement<ParamsOf<Spec>, Row>

/**
 * Declares a statement: `statement('get_title', { promptId: uuid })<{ title: string }>((p) => …)`. `name` is unique within a
 * service. `p.promptId` becomes `$1::uuid`, numbered once, when the module is loaded. Throws when the text does not use one
 * of the parameters, so that a process with such a statement does not start.
 */
export const statement = <const Spec extends ParamSpec>(name: string, params: Spec): Build<Spec> => build(name, params)

/**
 * Declares a statement that each connection plans once, whatever the values. PostgreSQL plans a statement again at each run as long as it
 * expects more of a plan for the values than that costs; for one of many parts it expects too much, and planning takes longer than the
 * statement itself. From this one it cannot read the values before it runs.
 */
export const plannedOnce = <const Spec extends ParamSpec>(name: string, params: Spec): Build<Spec> =>
  build(name, params, (value, type) => `(select ${value})::${type}`)

/**
 * Declares a query for which no single plan is good (a filter that may match half a table or three rows). It is planned at
 * each run, with the values of its parameters.
 */
export const unprepared = <const Spec extends ParamSpec>(params: Spec): Build<Spec> => build(undefined, params)

const build =
  <Spec extends ParamSpec>(
    name: string | undefined,
    params: Spec,
    wrap = (value: string, _type: string) => value,
  ): Build<Spec> =>
  (write) => {
    const paramNames = Object.keys(params)
    const used = new Set<string>()
    const placeholders = paramNames.map((param, index): [string, PropertyDescriptor] => {
      const get = () => {
        used.add(param)
        const { type } = params[param]!
        return wrap(`$${index + 1}::${type}`, type)
      }
      return [param, { get }]
    })
    const numbered = Object.defineProperties({} as SqlNames<Spec>, Object.fromEntries(placeholders))
    const text = write(numbered)
    const unused = paramNames.filter((param) => !used.has(param))
    if (unused.length > 0) {
      throw new Error(
        `the statement ${name ?? text} does not use ${unused.join(', ')}: use it, or remove the parameter`,
      )
    }
    return { name: name === undefined ? undefined : toldApart(name), text, paramNames }
  }

/** Characters of a name that PostgreSQL looks at: it takes two longer names that begin with the same ones for one statement. */
const NAME_LENGTH = 63
const HASH_LENGTH = 16

/** The name, or for one that is too long its beginning and a hash of all of it. */
function toldApart(name: string): string {
  if (name.length <= NAME_LENGTH) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH)
  return `${name.slice(0, NAME_LENGTH - HASH_LENGTH - 1)}_${hash}`
}

/** The values of a statement's parameters, in the order of their numbers. */
export const valuesOf = <Params>({ paramNames }: Statement<Params, unknown>, params: NoInfer<Params>): unknown[] =>
  paramNames.map((name) => (params as Record<string, unknown>)[name])

/** Runs a statement in one round trip and answers with its rows. */
export type Sql = <Params, Row>(query: Statement<Params, Row>, params: NoInfer<Params>) => Promise<Row[]>

/** Runs statements on a pool, or on one connection. Values are read as `pg` reads them: MikroORM's pool would leave timestamps as text. */
export const createSql =
  (pool: Pick<Pool, 'query'>): Sql =>
  async (query, params) => {
    const { name, text } = query
    const { rows } = await pool.query({ name, text, values: valuesOf(query, params), types: pg.types })
    return rows
  }
