import {
  arrayOf,
  boolean,
  float8,
  integer,
  nullable,
  type ParamSpec,
  type SqlNames,
  text,
  tsquery,
  uuid,
} from '#chassis/db/params.ts'
import { type Sql, type Statement, statement } from '#chassis/db/statements.ts'
import { LAST_ID } from '#chassis/ids.ts'
import { type Cursor, MAX_ROWS } from '#chassis/page-token.ts'
import { quoted, tagTerm } from '#chassis/search/vector.ts'
import type { PromptFilter } from './list-prompts.ts'
import { isListed } from './readable.ts'
import { SUMMARY, type SummaryRow } from './rows.ts'

/** Matches that are ranked: the newest. */
export const MAX_RANKED = 1000

/** Terms that a rank counts. */
const MAX_RANKED_TERMS = 32

/** A match. */
export type MatchRow = SummaryRow & { rank: number; newest_id: string }

/** A page of matches, and how many there are: one more than MAX_RANKED for more. */
export type Found = { rows: MatchRow[]; count: number }

type Row = (MatchRow | { id: null }) & { count: number }
type Params = Readonly<Record<string, unknown>>

/** The page of at most `limit` prompts after `cursor` that have all these terms, best first, in one round trip. */
export async function searchPrompts(
  sql: Sql,
  terms: string[],
  filter: PromptFilter,
  cursor: Cursor | undefined,
  limit: number,
): Promise<Found> {
  const { query, params } = searchQuery(terms, filter, cursor, limit)
  const rows = await sql(query, params)
  return { rows: rows.filter((row) => row.id !== null), count: rows[0]!.count }
}

/** The statement of a search, and its parameters. */
export function searchQuery(
  terms: string[],
  { userId, isOwn, category, tag, isPublic }: PromptFilter,
  cursor: Cursor | undefined,
  limit: number,
): { query: Statement<Params, Row>; params: Params } {
  const filters = [
    ...(userId === undefined || isOwn ? [] : [`@${userId}`]),
    ...(category === undefined || isOwn ? [] : [`/${category}`]),
    ...(tag === undefined ? [] : [tagTerm(tag)]),
  ]
  const ranked = terms.slice(0, MAX_RANKED_TERMS).map(quoted).join(' | ')
  const [rank, id, newestId] = cursor ?? ['Infinity', LAST_ID, null]
  const params = { ranked, newestId, rank, id, limit }
  const keys = [...terms, ...filters]
  if (!isOwn) return { query: searchListed, params: { ...params, keys } }
  const own = { userId, category: category ?? null, isPublic: isPublic ?? null }
  return { query: searchOwn, params: { ...params, ...own, all: keys.map(quoted).join(' & ') } }
}

const PAGE_PARAMS = { ranked: tsquery, newestId: nullable(uuid), rank: float8, id: uuid, limit: integer }

type Sources = { match: string; newest: string }

/**
 * A page of `found`, the newest matches first, of which there is one more than are ranked if there are more. The pages after the first begin at the
 * newest match of the first one: a match that exists throughout is seen exactly once.
 */
const searching = <const Spec extends ParamSpec>(
  name: string,
  more: Spec,
  found: (p: SqlNames<Spec>, sources: Sources) => string,
): Statement<Params, Row> =>
  statement(name, { ...PAGE_PARAMS, ...more } as typeof PAGE_PARAMS & Spec)<Row>(
    (p) => `with bounds as materialized (
    select coalesce(
        (select ordinal from prompts where id = ${p.newestId}),
        pg_sequence_last_value('prompts_ordinal'::regclass),
        0
      ) as newest,
      coalesce(pg_sequence_last_value('prompts_former_ordinal'::regclass), 0) as oldest
  ),
  found as materialized (
    ${found(p, { match: `p.id, p.ordinal, ts_rank(p.search, ${p.ranked})::float8 as rank`, newest: 'b.newest' })}
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
  select c.count, c.newest_id, r.rank, ${SUMMARY}
  from counted c
  left join (page r join prompts p on p.id = r.id) on true
  order by r.rank desc, r.id desc`,
  )

/**
 * Goes through the listed prompts from the newest on, a part of 1,024 at a time (see the index `prompts_search`). So the work is bounded for a
 * word that is everywhere, and for words that are frequent and never together.
 */
const searchListed = searching(
  'search_listed',
  { keys: arrayOf(text) },
  (p, { match, newest }) => `select f.*
    from bounds b
    cross join generate_series(b.newest >> 10, b.oldest >> 10, -1) as part
    cross join lateral (
      select ${match}
      from prompts p
      where prompt_search_keys(p.search, p.ordinal, p.user_id, p.category)
          @> array(select part || ' ' || key from unnest(${p.keys}) as key)
        and ${isListed('p')} and p.ordinal is not null and p.ordinal <= ${newest}
      order by p.ordinal desc
    ) f`,
)

/** One owner's prompts are few enough to be looked at one by one. */
const searchOwn = searching(
  'search_own',
  { userId: uuid, all: tsquery, category: nullable(text), isPublic: nullable(boolean) },
  (p, { match, newest }) => `select ${match}
    from bounds b cross join prompts p
    where p.user_id = ${p.userId} and p.deleted_at is null and p.search @@ ${p.all} and p.ordinal <= ${newest}
      and (${p.category} is null or p.category = ${p.category})
      and (${p.isPublic} is null or p.is_public = ${p.isPublic})
    order by p.ordinal desc`,
)

/** Where the page after this row begins. */
export const cursorOf = ({ rank, id, newest_id }: MatchRow): Cursor => [rank, id, newest_id]
