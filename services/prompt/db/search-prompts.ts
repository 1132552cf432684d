import { arrayOf, boolean, nullable, text, tsquery, uuid } from '#chassis/db/params.ts'
import type { Sql } from '#chassis/db/statements.ts'
import type { Cursor } from '#chassis/page-token.ts'
import {
  findRanked,
  type Found,
  inParts,
  pageValues,
  type Ranked,
  searching,
  type SearchStatement,
} from '#chassis/search/ranked-search.ts'
import { quoted, tagTerm } from '#chassis/search/vector.ts'
import type { PromptFilter } from './list-prompts.ts'
import { SUMMARY, type SummaryRow } from './rows.ts'

/** A match. */
export type MatchRow = SummaryRow & Ranked

/** The page of at most `limit` prompts after `cursor` that have all these terms, best first, in one round trip. */
export const searchPrompts = (
  sql: Sql,
  terms: string[],
  filter: PromptFilter,
  cursor: Cursor | undefined,
  limit: number,
): Promise<Found<SummaryRow>> => findRanked(sql, searchQuery(terms, filter, cursor, limit))

/** The statement of a search, and its parameters. */
export function searchQuery(
  terms: string[],
  { userId, isOwn, category, tag, isPublic }: PromptFilter,
  cursor: Cursor | undefined,
  limit: number,
): { query: SearchStatement<SummaryRow>; params: Readonly<Record<string, unknown>> } {
  const filters = [
    ...(userId === undefined || isOwn ? [] : [`@${userId}`]),
    ...(category === undefined || isOwn ? [] : [`/${category}`]),
    ...(tag === undefined ? [] : [tagTerm(tag)]),
  ]
  const params = pageValues(terms, cursor, limit)
  const keys = [...terms, ...filters]
  if (!isOwn) return { query: searchListed, params: { ...params, keys } }
  const own = { userId, category: category ?? null, isPublic: isPublic ?? null }
  return { query: searchOwn, params: { ...params, ...own, all: keys.map(quoted).join(' & ') } }
}

const PROMPTS = {
  table: 'prompts',
  alias: 'p',
  columns: SUMMARY,
  sequence: 'prompts_ordinal',
  oldest: `coalesce(pg_sequence_last_value('prompts_former_ordinal'::regclass), 0)`,
}

const searchingPrompts = searching<SummaryRow>(PROMPTS)

/** Goes through the listed prompts, of which triggers keep what is searched: see the migration `search-table`. */
const searchListed = searchingPrompts('search_listed', { keys: arrayOf(text) }, ({ keys }, sources) =>
  inParts(
    sources,
    {
      table: 'prompt_search',
      id: 'prompt_id',
      keys: 'prompt_part_keys(s.search, s.ordinal, s.user_id, s.category)',
    },
    keys,
  ),
)

/** One owner's prompts are few enough to be looked at one by one. */
const searchOwn = searchingPrompts(
  'search_own',
  { userId: uuid, all: tsquery, category: nullable(text), isPublic: nullable(boolean) },
  (p, { match, newest }) => `select ${match('p.id', 'p')}
    from bounds b cross join prompts p
    where p.user_id = ${p.userId} and p.deleted_at is null and p.search @@ ${p.all} and p.ordinal <= ${newest}
      and (${p.category} is null or p.category = ${p.category})
      and (${p.isPublic} is null or p.is_public = ${p.isPublic})
    order by p.ordinal desc`,
)
