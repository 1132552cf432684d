import { bpchar, integer, numeric, type ParamSpec, type ParamType, text, uuid } from '#chassis/db/params.ts'
import { type Sql, type Statement, statement, unprepared } from '#chassis/db/statements.ts'
import { FIRST_ID, LAST_ID } from '#chassis/ids.ts'
import { type Cursor, MAX_ROWS } from '#chassis/page-token.ts'
import { LISTING_SUMMARY, type ListingSummaryRow } from './listings.ts'
import type { OfferFilter } from './search-listings.ts'

/** An order of a list. */
export type Order = 'CREATED' | 'PRICE' | 'SALES'

/** What is listed. */
export type ListFilter = OfferFilter & {
  order: Order
  /** Only this seller's. */
  sellerId: string | undefined
  /** The seller asks: also for what is not active. */
  isOwn: boolean
  promptId: string | undefined
}

/** A listing and the value that the list is ordered by. */
export type ListedRow = ListingSummaryRow & { sort_key: Date | number | string }

type Ordering = {
  key: string
  type: string
  direction: 'asc' | 'desc'
  /** Before every row. */
  start: Cursor
}

const ORDERINGS: Record<Order, Ordering> = {
  CREATED: { key: 'l.created_at', type: 'timestamptz', direction: 'desc', start: ['infinity', LAST_ID] },
  PRICE: { key: 'l.price', type: 'numeric', direction: 'asc', start: [0, FIRST_ID] },
  SALES: { key: 'l.sales_count', type: 'integer', direction: 'desc', start: [2_147_483_647, LAST_ID] },
}

/** The page of at most `limit` listings after `cursor`, in one round trip. */
export function listListings(
  sql: Sql,
  filter: ListFilter,
  cursor: Cursor | undefined,
  limit: number,
): Promise<ListedRow[]> {
  const { query, params } = listQuery(filter, cursor, limit)
  return sql(query, params)
}

type Params = Readonly<Record<string, unknown>>

const statements = new Map<string, Statement<Params, ListedRow>>()

/** The statement for one combination of filters, and its parameters. It has a name of its own where one plan is good for whatever values. */
export function listQuery(
  filter: ListFilter,
  cursor: Cursor | undefined,
  limit: number,
): { query: Statement<Params, ListedRow>; params: Params } {
  const { order, isOwn } = filter
  const given = FILTER_NAMES.filter((name) => filter[name] !== undefined)
  const shape = ['list_listings', order, isOwn ? 'own' : 'active', ...given].join('_').toLowerCase()
  const query = statements.get(shape) ?? writeQuery(shape, filter, given)
  statements.set(shape, query)
  const [key, id] = cursor ?? ORDERINGS[order].start
  return { query, params: { limit, key, id, ...Object.fromEntries(given.map((name) => [name, filter[name]])) } }
}

const FILTERS = {
  sellerId: { type: uuid, condition: (parameter: string) => `l.seller_id = ${parameter}` },
  promptId: { type: uuid, condition: (parameter: string) => `l.prompt_id = ${parameter}` },
  category: { type: text, condition: (parameter: string) => `l.category = ${parameter}` },
  currency: { type: bpchar, condition: (parameter: string) => `l.currency = ${parameter}` },
  minPrice: { type: numeric, condition: (parameter: string) => `l.price >= ${parameter}` },
  maxPrice: { type: numeric, condition: (parameter: string) => `l.price <= ${parameter}` },
}

type FilterName = keyof typeof FILTERS
const FILTER_NAMES = Object.keys(FILTERS) as FilterName[]

function writeQuery(
  name: string,
  { order, isOwn }: ListFilter,
  given: readonly FilterName[],
): Statement<Params, ListedRow> {
  const { key, type, direction } = ORDERINGS[order]
  const params: ParamSpec = {
    limit: integer,
    key: { type },
    id: uuid,
    ...Object.fromEntries(given.map((filter): [string, ParamType<unknown>] => [filter, FILTERS[filter].type])),
  }
  const write = isOnePlanGood(order, given) ? statement(name, params) : unprepared(params)
  return write<ListedRow>((p) => {
    const where = [
      `(${key}, l.id) ${direction === 'asc' ? '>' : '<'} (${p['key']}, ${p['id']})`,
      ...(isOwn ? [] : [`l.status = 'ACTIVE'`]),
      ...given.map((filter) => FILTERS[filter].condition(p[filter]!)),
    ]
    return `select * from (
      select ${LISTING_SUMMARY}, ${key} as sort_key
      from prompt_listings l
      where ${where.join(' and ')}
      order by ${key} ${direction}, l.id ${direction}
      limit ${MAX_ROWS}
    ) page limit ${p['limit']}`
  })
}

/** Filters that the index of an order has as its first columns. */
const INDEXED: Record<Order, readonly FilterName[]> = { CREATED: ['category'], PRICE: ['currency'], SALES: [] }

/**
 * The listings of one seller, or of one prompt, are few enough to be sorted. Any other filter may fit half of the listings or three of them, so unless the
 * order's index has it, only the value tells what is best.
 */
const isOnePlanGood = (order: Order, given: readonly FilterName[]) =>
  given.includes('sellerId') || given.includes('promptId') || given.every((filter) => INDEXED[order].includes(filter))

/** Where the page after this row begins. */
export const cursorOf = ({ sort_key: key, id }: ListedRow): Cursor => [
  key instanceof Date ? key.toISOString() : key,
  id,
]
