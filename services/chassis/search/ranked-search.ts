import {
  float8,
  integer,
  nullable,
  type ParamSpec,
  type ParamsOf,
  type SqlNames,
  tsquery,
  uuid,
} from '#chassis/db/params.ts'
import { plannedOnce, type Sql, type Statement } from '#chassis/db/statements.ts'
import { LAST_ID } from '#chassis/ids.ts'
import { type Cursor, MAX_ROWS } from '#chassis/page-token.ts'
import { quoted } from './vector.ts'

/** Matches that are ranked: the newest. */
export const MAX_RANKED = 1000

/** A part has two to the power of this many rows. It stands in the functions that make the keys, too. */
const PART_BITS = 12

/** Terms that a rank counts. */
const MAX_RANKED_TERMS = 32

/** What a match has beside the columns of its row. */
export type Ranked = { id: string; rank: number; newest_id: string }

/** A page of matches, and how many there are: one more than MAX_RANKED for more. */
export type Found<Row> = { rows: (Row & Ranked)[]; count: number }

/** The answer when nothing can match. */
export const NOTHING: Found<never> = { rows: [], count: 0 }

const PAGE_PARAMS = { ranked: tsquery, newestId: nullable(uuid), rank: float8, id: uuid, limit: integer }

/** The statement of a search, whose parameters depend on its filters. */
export type SearchStatement<Row> = Statement<
  Readonly<Record<string, unknown>>,
  ((Row & Ranked) | { id: null }) & { count: number }
>

/** A table that is searched. Its rows have an `id`, and an `ordinal` that counts them in the order of their creation. */
type Searchable = {
  table: string
  /** Of the table in `columns`: `p`. */
  alias: string
  /** What is read of a match, of the alias. */
  columns: string
  /** The sequence of the ordinals. */
  sequence: string
  /** The oldest ordinal, as SQL. Default: 0. */
  oldest?: string
}

/** What the matches are read by, as SQL. */
export type MatchSources = {
  /** What is read of a match: its id, and of a row with its `search` (of `searchVector`) and its `ordinal` the rest. */
  match: (id: string, row: string) => string
  /** The ordinal that no match is above. */
  newest: string
}

/**
 * Declares statements that search a table: each is told a name, the parameters of its filters, and the SQL that reads the matches from `bounds b`,
 * newest first. One more is read than are ranked if there are more. The pages after the first begin at the newest match of the first one: a match that
 * exists throughout is seen exactly once.
 */
export const searching =
  <Row>({ table, alias: t, columns, sequence, oldest = '0' }: Searchable) =>
  <const Spec extends ParamSpec>(
    name: string,
    filters: Spec,
    found: (p: SqlNames<Spec>, sources: MatchSources) => string,
  ): SearchStatement<Row> =>
    plannedOnce(name, { ...PAGE_PARAMS, ...filters } as typeof PAGE_PARAMS & Spec)(
      (p) => `with bounds as materialized (
    select coalesce(
        (select ordinal from ${table} where id = ${p.newestId}),
        pg_sequence_last_value('${sequence}'::regclass),
        0
      ) as newest,
      ${oldest} as oldest
  ),
  found as materialized (
    ${found(p, {
      match: (id, row) => `${id} as id, ${row}.ordinal, ts_rank(${row}.search, ${p.ranked})::float8 as rank`,
      newest: 'b.newest',
    })}
    limit ${MAX_RANKED} + 1
  ),
  counted as (
    select (select count(*)::integer from found) as count, (select id from found limit 1) as newest_id
  ),
  page as (
    select * from (
      select id, rank from (select id, rank from found limit ${MAX_RANKED}) ranked
      where (rank, id) < (${p.rank}, ${p.id})
      order by rank desc, id desc
      limit ${MAX_ROWS}
    ) longest limit ${p.limit}
  )
  select c.count, c.newest_id, r.rank, ${columns}
  from counted c
  left join (page r join ${table} ${t} on ${t}.id = r.id) on true
  order by r.rank desc, r.id desc`,
    ) as unknown as SearchStatement<Row>

/** A table of what is read of each row that can be found, and no more: `search`, `ordinal`, and what the keys are made of. */
type Index = {
  table: string
  /** Its column with the ids of the rows that are found. */
  id: string
  /** What its GIN index has of a row `s`, as SQL: the keys, each with the number of the row's part (`12 word`). */
  keys: string
  /** What else a row must have. */
  condition?: string
}

/**
 * What reads the matches of an index, of which a row has all of `keys`, a parameter. A part is 4,096 rows that were made one after
 * another. It goes through the parts from the newest on, and ends when it has found enough. So the work is bounded for a word that is
 * everywhere, and for words that are frequent and never together. The rows are narrow, so that a whole part is read in a millisecond.
 */
export const inParts = (
  { match, newest }: MatchSources,
  { table, id, keys: rowKeys, condition = 'true' }: Index,
  keys: string,
): string => `select f.*
    from bounds b
    cross join generate_series(b.newest >> ${PART_BITS}, b.oldest >> ${PART_BITS}, -1) as part
    cross join lateral (
      select ${match(`s.${id}`, 's')}
      from ${table} s
      where ${rowKeys} @> array(select part || ' ' || key from unnest(${keys}) as key)
        and ${condition} and s.ordinal <= ${newest}
      order by s.ordinal desc
    ) f`

/** The values of the parameters that every search has, for the page of at most `limit` after `cursor`. */
export function pageValues(
  terms: readonly string[],
  cursor: Cursor | undefined,
  limit: number,
): Omit<ParamsOf<typeof PAGE_PARAMS>, 'rank'> & { rank: unknown } {
  const [rank, id, newestId] = cursor ?? ['Infinity', LAST_ID, null]
  const ranked = terms.slice(0, MAX_RANKED_TERMS).map(quoted).join(' | ')
  return { ranked, newestId: newestId as string | null, rank, id: String(id), limit }
}

/** Runs a search, in one round trip. */
export async function findRanked<Row>(
  sql: Sql,
  { query, params }: { query: SearchStatement<Row>; params: Readonly<Record<string, unknown>> },
): Promise<Found<Row>> {
  const rows = await sql(query, params)
  return { rows: rows.filter((row): row is Row & Ranked & { count: number } => row.id !== null), count: rows[0]!.count }
}

/** Where the page after this match begins. */
export const cursorOf = ({ rank, id, newest_id: newestId }: Ranked): Cursor => [rank, id, newestId]
