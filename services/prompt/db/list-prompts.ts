import { type Sql, type Statement, statement, unprepared } from '#chassis/db/statements.ts'
import type { Cursor } from '#chassis/page-token.ts'
import { RATING } from './ranks.ts'
import { SUMMARY, type SummaryRow } from './rows.ts'

/** An order of a list. */
export type Order = 'CREATED' | 'UPDATED' | 'LIKES' | 'RATING' | 'COMMENTS'

/** What is listed. */
export type ListFilter = {
  order: Order
  /** Only this owner's. */
  userId: string | undefined
  /** The owner asks: also for what is private, a draft or archived. */
  isOwn: boolean
  category: string | undefined
  /** As it is stored. */
  tag: string | undefined
  isPublic: boolean | undefined
}

/** A prompt and the value that the list is ordered by. */
export type ListedRow = SummaryRow & { sort_key: Date | number }

type Ordering = {
  from: string
  key: string
  id: string
  type: string
  /** Before every row. */
  start: string | number
}

const TIME = { from: 'prompts p', id: 'p.id', type: 'timestamptz', start: 'infinity' }
const COUNT = { type: 'integer', start: 2_147_483_647 }
const MEAN = { type: 'float8', start: 'Infinity' }
const RANKED = { from: 'prompt_rank r join prompts p on p.id = r.prompt_id', id: 'r.prompt_id' }
const LIVE = { from: 'prompts p', id: 'p.id' }

const ORDERINGS: Record<Order, Ordering> = {
  CREATED: { ...TIME, key: 'p.created_at' },
  UPDATED: { ...TIME, key: 'coalesce(p.updated_at, p.created_at)' },
  LIKES: { ...RANKED, ...COUNT, key: 'r.likes' },
  RATING: { ...RANKED, ...MEAN, key: 'r.rating' },
  COMMENTS: { ...RANKED, ...COUNT, key: 'r.comments' },
}

/** One owner's prompts are few enough to be sorted, and then by what the counters are now. */
const ORDERINGS_OF_OWNER: Record<Order, Ordering> = {
  ...ORDERINGS,
  LIKES: { ...LIVE, ...COUNT, key: 'p.likes_count' },
  RATING: { ...LIVE, ...MEAN, key: RATING },
  COMMENTS: { ...LIVE, ...COUNT, key: 'p.comments_count' },
}

const LISTED = `p.is_public and p.status = 'PUBLISHED' and p.deleted_at is null`
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** No page is longer. It stands in the text, for with a parameter as the limit the planner assumes a tenth of the table. */
const MOST = 101

/** The page of at most `limit` prompts after `cursor`, in one round trip. */
export function listPrompts(
  sql: Sql,
  filter: ListFilter,
  cursor: Cursor | undefined,
  limit: number,
): Promise<ListedRow[]> {
  const { query, params } = listQuery(filter, cursor, limit)
  return sql(query, params)
}

/**
 * The statement for one combination of filters, and its parameters. It has a name of its own where one plan is good for
 * whatever values.
 */
export function listQuery(
  { order, userId, isOwn, category, tag, isPublic }: ListFilter,
  cursor: Cursor | undefined,
  limit: number,
): { query: Statement<unknown[], ListedRow>; params: unknown[] } {
  const { from, key, id, type, start } = (userId ? ORDERINGS_OF_OWNER : ORDERINGS)[order]
  const isRanked = from === RANKED.from
  const params: unknown[] = [limit, ...(cursor ?? [start, LAST_ID])]
  const name = ['list_prompts', order, isOwn ? 'own' : 'listed']
  const where = [`(${key}, ${id}) < ($2::${type}, $3::uuid)`, isOwn ? 'p.deleted_at is null' : LISTED]
  const filter = (label: string, value: unknown, condition: (parameter: string) => string) => {
    if (value === undefined) return
    name.push(label)
    where.push(condition(`$${params.push(value)}`))
  }
  filter('user', userId, (parameter) => `p.user_id = ${parameter}`)
  // A rank may be some seconds old, so its category is looked at again, in a form that the planner does not take for a
  // second filter as selective as the first.
  filter('category', category, (parameter) =>
    isRanked ? `r.category = ${parameter} and coalesce(p.category = ${parameter}, false)` : `p.category = ${parameter}`,
  )
  filter('tag', tag && [tag], (parameter) => `p.tags @> ${parameter}::text[]`)
  if (isOwn) filter('is_public', isPublic, (parameter) => `p.is_public = ${parameter}`)
  const text = `select * from (
    select ${SUMMARY}, ${key} as sort_key
    from ${from}
    where ${where.join(' and ')}
    order by ${key} desc, ${id} desc
    limit ${MOST}
  ) page limit $1`
  // A tag, or a category of what was changed last, may be that of half the prompts or of three: only the value tells.
  const isPrepared = tag === undefined && (order !== 'UPDATED' || category === undefined || userId !== undefined)
  return { query: isPrepared ? statement(name.join('_').toLowerCase(), text) : unprepared(text), params }
}

/** Where the page after this row begins. */
export const cursorOf = ({ sort_key: key, id }: ListedRow): Cursor => [
  key instanceof Date ? key.toISOString() : key,
  id,
]
