import { arrayOf, bpchar, nullable, numeric, type SqlNames, text, tsquery } from '#chassis/db/params.ts'
import { type Sql, statement } from '#chassis/db/statements.ts'
import type { Cursor } from '#chassis/page-token.ts'
import {
  findRanked,
  type Found,
  inParts,
  pageValues,
  searching,
  type SearchStatement,
} from '#chassis/search/ranked-search.ts'
import { quoted } from '#chassis/search/vector.ts'
import { LISTING_SUMMARY, type ListingSummaryRow } from './listings.ts'

/** Which listings are searched. Prices are as DECIMAL(10,2) says them, and only with a currency. */
export type OfferFilter = {
  category: string | undefined
  currency: string | undefined
  minPrice: string | undefined
  maxPrice: string | undefined
}

/** The page of at most `limit` active listings after `cursor` that have all these terms, best first. */
export async function searchListings(
  sql: Sql,
  terms: string[],
  filter: OfferFilter,
  cursor: Cursor | undefined,
  limit: number,
): Promise<Found<ListingSummaryRow>> {
  const prices = pricesOf(filter)
  const isNarrow = prices !== undefined && (await sql(countPriced, prices))[0]!.count <= MAX_NARROW
  return findRanked(sql, (isNarrow ? narrowSearchQuery : searchQuery)(terms, filter, cursor, limit))
}

/** Listings within a range of prices that are few enough to be looked at one by one. */
export const MAX_NARROW = 10_000

type SearchQuery = { query: SearchStatement<ListingSummaryRow>; params: Readonly<Record<string, unknown>> }

/** The statement of a search, and its parameters. */
export const searchQuery = (
  terms: string[],
  filter: OfferFilter,
  cursor: Cursor | undefined,
  limit: number,
): SearchQuery => ({
  query: searchActive,
  params: {
    ...pageValues(terms, cursor, limit),
    keys: [
      ...terms,
      ...(filter.category === undefined ? [] : [`/${filter.category}`]),
      ...(filter.currency === undefined ? [] : [`$${filter.currency}`]),
    ],
    minPrice: filter.minPrice ?? null,
    maxPrice: filter.maxPrice ?? null,
  },
})

/** The same for a range of prices that has few listings. */
export const narrowSearchQuery = (
  terms: string[],
  filter: OfferFilter,
  cursor: Cursor | undefined,
  limit: number,
): SearchQuery => ({
  query: searchNarrow,
  params: {
    ...pageValues(terms, cursor, limit),
    ...pricesOf(filter),
    category: filter.category ?? null,
    all: terms.map(quoted).join(' & '),
  },
})

/** The range of prices, with both its ends; undefined when every price fits. */
function pricesOf({ currency, minPrice, maxPrice }: OfferFilter) {
  if (currency === undefined || (minPrice === undefined && maxPrice === undefined)) return undefined
  return { currency, minPrice: minPrice ?? '0', maxPrice: maxPrice ?? HIGHEST_PRICE }
}

/** The most that the column holds. */
const HIGHEST_PRICE = '99999999.99'

const priceParams = { currency: bpchar, minPrice: numeric, maxPrice: numeric }

const isPriced = (p: SqlNames<typeof priceParams>) =>
  `l.status = 'ACTIVE' and l.currency = ${p.currency} and l.price between ${p.minPrice} and ${p.maxPrice}`

/** How many active listings have such a price, at most one more than MAX_NARROW. */
export const countPriced = statement(
  'count_priced',
  priceParams,
)<{ count: number }>(
  (p) => `select count(*)::integer as count
    from (select from prompt_listings l where ${isPriced(p)} limit ${MAX_NARROW} + 1) priced`,
)

const LISTINGS = {
  table: 'prompt_listings',
  alias: 'l',
  columns: LISTING_SUMMARY,
  sequence: 'prompt_listings_ordinal',
}

const searchingListings = searching<ListingSummaryRow>(LISTINGS)

/** Goes through the active listings, of which triggers keep what is searched: see the migration `search-table`. */
const searchActive = searchingListings(
  'search_active',
  { keys: arrayOf(text), minPrice: nullable(numeric), maxPrice: nullable(numeric) },
  ({ keys, minPrice, maxPrice }, sources) =>
    inParts(
      sources,
      {
        table: 'listing_search',
        id: 'listing_id',
        keys: 'listing_part_keys(s.search, s.ordinal, s.category, s.currency)',
        condition: `(${minPrice} is null or s.price >= ${minPrice}) and (${maxPrice} is null or s.price <= ${maxPrice})`,
      },
      keys,
    ),
)

/** Looks at all listings within a range of prices: among those of a frequent word they would be looked for in vain. */
const searchNarrow = searchingListings(
  'search_narrow',
  { ...priceParams, category: nullable(text), all: tsquery },
  (p, { match, newest }) => `select ${match('l.id', 'l')}
    from bounds b cross join prompt_listings l
    where ${isPriced(p)} and l.search @@ ${p.all} and l.ordinal <= ${newest}
      and (${p.category} is null or l.category = ${p.category})
    order by l.ordinal desc`,
)
