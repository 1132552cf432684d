import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Cursor } from '#chassis/page-token.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { planOf } from '#chassis/testing/plan-of.ts'
import { asking, describePlans, isPlannedOnce, rowsSorted, tablesScanned } from '#chassis/testing/plans.ts'
import { type ListFilter, listQuery, type Order } from '../db/list-listings.ts'
import { getHeldLicense, getLicense, getLicenseOf } from '../db/licenses.ts'
import { activeListing, getListing, hasBought } from '../db/listings.ts'
import { schema } from '../db/schema.ts'
import { countPriced, narrowSearchQuery, type OfferFilter, searchQuery } from '../db/search-listings.ts'
import { findByReference, findEarlier, getTransaction } from '../db/transactions.ts'

// 100,000 listings of 2,000 sellers, a minute apart: one in seven removed, one in twenty in a small category, one in a hundred in a rare currency, each of
// a prompt of its own. The newest 20,000 have a sale with a licence.
const FILL = `
  insert into prompt_listings (id, prompt_id, seller_id, title, description, price, status, created_at, prompt_version, min_version, includes_updates,
    category, currency, exclusive, sales_count, search)
  select pg_temp.id('01900000', i), pg_temp.id('01800000', i), pg_temp.id('00000000', i % 2000), 'Listing ' || i, repeat('description ', 40),
    1 + (i * 7919 % 10000) / 100.0, case when i % 7 = 0 then 'REMOVED' else 'ACTIVE' end, now() - i * interval '1 minute', 1, 1, false,
    case when i % 20 = 0 then 'legal' when i % 3 = 0 then 'software' else 'writing' end, case when i % 100 = 1 then 'EUR' else 'USD' end, false, i % 50,
    (case when i % 2 = 0 then $$'listing':1A 'even':2A$$ when i % 4999 = 0 then $$'listing':1A 'odd':2A 'rare':3A$$
      else $$'listing':1A 'odd':2A$$ end)::tsvector
  from generate_series(100000, 1, -1) i;
  insert into transactions (id, listing_id, prompt_id, buyer_id, seller_id, amount, status, created_at, completed_at, license_type, min_version,
    max_version, currency, fee, fee_bps, request_id, provider, provider_ref)
  select pg_temp.id('02000000', i), l.id, l.prompt_id, pg_temp.id('00000001', i % 4000), l.seller_id, l.price, 'COMPLETED', now(), now(), 'PERSONAL', 1,
    1, l.currency, 0, 2000, pg_temp.id('02100000', i), 'stripe', 'pi_' || i
  from generate_series(1, 20000) i join prompt_listings l on l.id = pg_temp.id('01900000', i);
  insert into licenses (id, transaction_id, prompt_id, buyer_id, license_type, created_at, seller_id, min_version, max_version, license_key_hash,
    license_key_enc, secret_id, key_hint)
  select pg_temp.id('03000000', i), t.id, t.prompt_id, t.buyer_id, 'PERSONAL', now(), t.seller_id, 1, 1, sha256(i::text::bytea), 'x', 's', 'PF1-00000'
  from generate_series(1, 20000) i join transactions t on t.id = pg_temp.id('02000000', i)`
const MAKE_ID = `
  create function pg_temp.id(prefix text, n integer) returns uuid language sql as
  $$ select (prefix || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$`

const SELLER = '00000000-0000-7000-8000-000000000007'
const BUYER = '00000001-0000-7000-8000-000000000008'
const LISTING = '01900000-0000-7000-8000-000000000008'
const PROMPT = '01800000-0000-7000-8000-000000000008'
const TRANSACTION = '02000000-0000-7000-8000-000000000008'
const LICENSE = '03000000-0000-7000-8000-000000000008'
const LICENSED = { buyerId: BUYER, promptId: PROMPT, licenseType: 'PERSONAL' }
const PAGE = 21

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase(schema)
  await database.query(MAKE_ID)
  await database.query(FILL)
  await database.query('analyze')
})
afterAll(() => database.drop())

describePlans(
  () => database,
  [
    asking(getListing, { id: LISTING }),
    asking(activeListing, { promptId: PROMPT }),
    asking(hasBought, { listingId: LISTING, buyerId: BUYER }),
    asking(getTransaction, { id: TRANSACTION }),
    asking(findByReference, { reference: 'pi_8' }),
    asking(findEarlier, { ...LICENSED, requestId: '02100000-0000-7000-8000-000000000008' }),
    asking(getHeldLicense, LICENSED),
    asking(getLicense, { id: LICENSE }),
    asking(getLicenseOf, { transactionId: TRANSACTION }),
    asking(countPriced, { currency: 'USD', minPrice: '20.00', maxPrice: '20.10' }),
  ],
)

const ANYTHING: Omit<ListFilter, 'order'> = {
  sellerId: undefined,
  isOwn: false,
  promptId: undefined,
  category: undefined,
  currency: undefined,
  minPrice: undefined,
  maxPrice: undefined,
}
const USD = { currency: 'USD' }
const FILTERS: Partial<ListFilter>[] = [
  {},
  { category: 'software' },
  { category: 'legal' },
  USD,
  { currency: 'EUR' },
  { ...USD, category: 'legal', minPrice: '50.00' },
  { ...USD, minPrice: '20.00', maxPrice: '80.00' },
  { ...USD, minPrice: '20.00', maxPrice: '20.10' },
  { sellerId: SELLER },
  { sellerId: SELLER, isOwn: true },
  { sellerId: SELLER, category: 'software' },
  { promptId: PROMPT },
]
const ORDERS: Order[] = ['CREATED', 'PRICE', 'SALES']
const LISTS = ORDERS.flatMap((order) =>
  FILTERS.map((filter): [string, ListFilter] => [
    `${order} ${JSON.stringify(filter)}`,
    { ...ANYTHING, ...(order === 'PRICE' && USD), order, ...filter },
  ]),
)
const AFTER = { CREATED: '2099-01-01', PRICE: '1.01', SALES: 49 }

/** Rows that are few enough to be sorted. */
const FEW = 6000

describe.each(LISTS)('a list by %s', (_, filter) => {
  const pages: [string, Cursor | undefined][] = [
    ['first', undefined],
    ['next', [AFTER[filter.order], LISTING]],
  ]

  test.each(pages)('scans no table for the %s page, and sorts few listings at the most', async (_page, cursor) => {
    const { query, params } = listQuery(filter, cursor, PAGE)
    // A query without a name never has a generic plan.
    for (const mode of query.name ? (['generic', 'custom'] as const) : (['custom'] as const)) {
      const nodes = await planOf(database, mode, query, params)
      expect(tablesScanned(nodes)).toEqual([])
      expect(Math.max(0, ...rowsSorted(nodes))).toBeLessThanOrEqual(FEW)
    }
  })
})

const NOTHING: OfferFilter = { category: undefined, currency: undefined, minPrice: undefined, maxPrice: undefined }
const SEARCHES: [string, string[], Partial<OfferFilter>, number][] = [
  ['a word that is everywhere', ['listing'], {}, PAGE],
  ['a rare word', ['rare'], {}, 8],
  ['words that are never together', ['odd', 'even'], {}, 1],
  ['no word that is there', ['nothing'], {}, 1],
  ['a word in a category', ['listing'], { category: 'legal' }, PAGE],
  ['a word in a rare currency', ['listing'], { currency: 'EUR' }, PAGE],
  ['a word at a price', ['listing'], { ...USD, minPrice: '20.00', maxPrice: '80.00' }, PAGE],
]

describe.each(SEARCHES)('a search for %s', (_, terms, filter, least) => {
  test('is planned once for all', async () => {
    const { query, params } = searchQuery(terms, { ...NOTHING, ...filter }, undefined, PAGE)
    expect(await isPlannedOnce(database, query, params)).toBe(true)
  })

  test.each(['generic', 'custom'] as const)(
    'scans no table by a %s plan, and reads no more than the newest matches',
    async (mode) => {
      const { query, params } = searchQuery(terms, { ...NOTHING, ...filter }, undefined, PAGE)
      const nodes = await planOf(database, mode, query, params)
      expect(nodes[0]!['Actual Rows']).toBeGreaterThanOrEqual(least)
      expect(tablesScanned(nodes)).toEqual([])
      expect(Math.max(...rowsSorted(nodes))).toBeLessThanOrEqual(1001)
      // A part of 4,096 is read as a whole.
      const read = nodes.filter((node) => node['Node Type'] === 'Bitmap Heap Scan')
      for (const node of read) expect(node['Actual Rows'] * node['Actual Loops']).toBeLessThanOrEqual(1000 + 4096)
    },
  )
})

test.each(['generic', 'custom'] as const)(
  'a search in a narrow range of prices reads that alone, by a %s plan',
  async (mode) => {
    const filter = { ...NOTHING, ...USD, minPrice: '20.00', maxPrice: '20.10' }
    const { query, params } = narrowSearchQuery(['listing'], filter, undefined, PAGE)
    const nodes = await planOf(database, mode, query, params)
    expect(tablesScanned(nodes)).toEqual([])
    expect(nodes[0]!['Actual Rows']).toBe(PAGE)
    expect(Math.max(...nodes.map((node) => node['Actual Rows']))).toBeLessThan(200)
  },
)
