import { arrayOf, boolean, integer, type ParamSpec, text, uuid } from '#chassis/db/params.ts'
import { type Sql, type Statement, statement, unprepared } from '#chassis/db/statements.ts'
import { LAST_ID } from '#chassis/ids.ts'
import { type Cursor, MAX_ROWS } from '#chassis/page-token.ts'
import { RATING } from './ranks.ts'
import { isListed } from './readable.ts'
import { SUMMARY, type SummaryRow } from './rows.ts'

/** An order of a list. */
export type Order = 'CREATED' | 'UPDATED' | 'LIKES' | 'RATING' | 'COMMENTS'

/** Which prompts are listed or searched. */
export type PromptFilter = {
  /** Only this owner's. */
  userId: string | undefined
  /** The owner asks: also for what is private, a draft or archived. */
  isOwn: boolean
  category: string | undefined
  /** As it is stored. */
  tag: string | undefined
  isPublic: boolean | undefined
}

/** What is listed. */
export type ListFilter = PromptFilter & { order: Order }

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

/** A list's statement; which parameters it has depends on the filters. */
export type ListQuery = { query: Statement<Params, ListedRow>; params: Params }

type Params = Readonly<Record<string, unknown>>

const statements = new Map<string, Statement<Params, ListedRow>>()

/**
 * The statement for one combination of filters, and its parameters. It has a name of its own where one plan is good for
 * whatever values.
 */
export function listQuery(filter: ListFilter, cursor: Cursor | undefined, limit: number): ListQuery {
  const { order, userId, isOwn, category, tag, isPublic } = filter
  const ordering = (userId ? ORDERINGS_OF_OWNER : ORDERINGS)[order]
  const filters = {
    ...(userId !== undefined && { userId }),
    ...(category !== undefined && { category }),
    ...(tag !== undefined && { tags: [tag] }),
    ...(isOwn && isPublic !== undefined && { isPublic }),
  }
  const shape = ['list_prompts', order, isOwn ? 'own' : 'listed', ...Object.keys(filters)].join('_').toLowerCase()
  const query = statements.get(shape) ?? writeQuery(shape, ordering, filter, Object.keys(filters) as FilterName[])
  statements.set(shape, query)
  const [key, id] = cursor ?? [ordering.start, LAST_ID]
  return { query, params: { limit, key, id, ...filters } }
}

type FilterName = keyof typeof FILTER_TYPES
const FILTER_TYPES = { userId: uuid, category: text, tags: arrayOf(text), isPublic: boolean }

function writeQuery(
  name: string,
  { from, key, id, type }: Ordering,
  { order, isOwn, userId, category, tag }: ListFilter,
  filters: FilterName[],
): Statement<Params, ListedRow> {
  const conditions: Record<FilterName, (parameter: string) => string> = {
    userId: (parameter) => `p.user_id = ${parameter}`,
    // A rank may be some seconds old, so its category is looked at again, in a form that the planner does not take for a
    // second filter as selective as the first.
    category: (parameter) =>
      from === RANKED.from
        ? `r.category = ${parameter} and coalesce(p.category = ${parameter}, false)`
        : `p.category = ${parameter}`,
    tags: (parameter) => `p.tags @> ${parameter}`,
    isPublic: (parameter) => `p.is_public = ${parameter}`,
  }
  const params: ParamSpec = {
    limit: integer,
    key: { type },
    id: uuid,
    ...Object.fromEntries(filters.map((filter) => [filter, FILTER_TYPES[filter]])),
  }
  // A tag, or a category of what was changed last, may be that of half the prompts or of three: only the value tells.
  const isPrepared = tag === undefined && (order !== 'UPDATED' || category === undefined || userId !== undefined)
  const write = isPrepared ? statement(name, params) : unprepared(params)
  return write<ListedRow>((p) => {
    const where = [
      `(${key}, ${id}) < (${p['key']}, ${p['id']})`,
      isOwn ? 'p.deleted_at is null' : isListed('p'),
      ...filters.map((filter) => conditions[filter](p[filter]!)),
    ]
    return `select * from (
      select ${SUMMARY}, ${key} as sort_key
      from ${from}
      where ${where.join(' and ')}
      order by ${key} desc, ${id} desc
      limit ${MAX_ROWS}
    ) page limit ${p['limit']}`
  })
}

/** Where the page after this row begins. */
export const cursorOf = ({ sort_key: key, id }: ListedRow): Cursor => [
  key instanceof Date ? key.toISOString() : key,
  id,
]
