import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { Listing_Status as Status } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import {
  ListListingsRequest,
  ListListingsRequest_OrderBy as OrderBy,
  SearchListingsRequest,
} from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { type Marketplace, type Person, startMarketplace, usd } from './harness.ts'

let market: Marketplace
let ann: Person
let bob: Person

const eur = (cents: number) => ({ ...usd(cents), currencyCode: 'EUR' })

beforeAll(async () => {
  market = await startMarketplace()
  ann = await market.person('ann')
  bob = await market.person('bob')
  const titles = ['Poems', 'Letters of poems', 'Code review', 'C++ poems', 'Contracts', 'Gone poems', 'Sold poems']
  for (const [index, title] of titles.entries()) {
    await market.list(index % 2 === 0 ? ann : bob, {
      title,
      description: title === 'Contracts' ? 'Neither poems nor letters.' : '',
      category: title.includes('oems') ? 'writing' : '',
      price: title === 'Code review' ? eur(1500) : usd(1000 + 100 * (index % 3)),
      exclusive: title === 'Sold poems',
    })
  }
  const idOf = async (title: string) =>
    (await market.database.query<{ id: string }>('select id from prompt_listings where title = $1', [title]))[0]!.id
  await market.listings.removeListing({ listingId: await idOf('Gone poems') }, bob.as)
  const carl = await market.person('carl')
  await market.buy(carl, await idOf('Sold poems'), { expectedPrice: usd(1000) })
  for (const buyer of [carl, await market.person('dora')])
    await market.buy(buyer, await idOf('Letters of poems'), { expectedPrice: usd(1100) })
  await market.buy(carl, await idOf('C++ poems'), { expectedPrice: usd(1000) })
})
afterAll(() => market.stop())

type Page = { listings: { title: string }[]; nextPageToken: string }

/** The titles of all pages, of two listings each. */
async function walk(read: (pageToken: string) => Promise<Page>): Promise<string[]> {
  const titles: string[] = []
  let pageToken = ''
  do {
    const page = await read(pageToken)
    titles.push(...page.listings.map(({ title }) => title))
    pageToken = page.nextPageToken
  } while (pageToken !== '')
  return titles
}

const listPage = (fields: Partial<ListListingsRequest>, as = {}) =>
  market.listings.listListings(ListListingsRequest.fromPartial({ pageSize: 2, ...fields }), as)
const searchPage = (fields: Partial<SearchListingsRequest>, as = {}) =>
  market.listings.searchListings(SearchListingsRequest.fromPartial({ pageSize: 2, ...fields }), as)
const list = (fields: Partial<ListListingsRequest>, as = {}) =>
  walk((pageToken) => listPage({ ...fields, pageToken }, as))
const search = (fields: Partial<SearchListingsRequest>, as = {}) =>
  walk((pageToken) => searchPage({ ...fields, pageToken }, as))

const ACTIVE = ['Contracts', 'C++ poems', 'Code review', 'Letters of poems', 'Poems']

describe('ListListings', () => {
  test('lists what is active to anybody, the newest first, each once', async () => {
    expect(await list({})).toEqual(ACTIVE)
    expect(await list({}, ann.as)).toEqual(ACTIVE)
  })

  test('of a seller lists what is active; of oneself, by `me` or the id, also what is not', async () => {
    const sellerId = bob.userId
    expect(await list({ sellerId })).toEqual(['C++ poems', 'Letters of poems'])
    expect(await list({ sellerId }, ann.as)).toEqual(['C++ poems', 'Letters of poems'])
    const own = ['Gone poems', 'C++ poems', 'Letters of poems']
    expect(await list({ sellerId }, bob.as)).toEqual(own)
    expect(await list({ sellerId: 'me' }, bob.as)).toEqual(own)
    const { listings } = await listPage({ sellerId: 'me' }, ann.as)
    expect(listings[0]).toMatchObject({ title: 'Sold poems', status: Status.SOLD, salesCount: 1 })
    expect(await rejection(listPage({ sellerId: 'me' }))).toMatchObject({ code: status.UNAUTHENTICATED })
  })

  test.each<[string, Partial<ListListingsRequest>, string[]]>([
    ['a category', { category: 'writing' }, ['C++ poems', 'Letters of poems', 'Poems']],
    ['a currency', { currency: 'EUR' }, ['Code review']],
    ['a least price, of USD unless it says another', { minPrice: 1100n }, ['Contracts', 'Letters of poems']],
    ['a highest price', { maxPrice: 1000n, currency: 'USD' }, ['C++ poems', 'Poems']],
    ['a range in another currency', { minPrice: 1n, maxPrice: 1500n, currency: 'EUR' }, ['Code review']],
    ['a price above all', { minPrice: 9_223_372_036_854_775_807n }, []],
    ['all of these', { category: 'writing', minPrice: 1001n, maxPrice: 1100n, currency: 'USD' }, ['Letters of poems']],
    ['an unknown category', { category: 'unknown' }, []],
  ])('filters by %s', async (_, fields, titles) => {
    expect(await list(fields)).toEqual(titles)
  })

  test('filters by the prompt', async () => {
    const { listings } = await listPage({ sellerId: bob.userId })
    expect(await list({ promptId: listings[0]!['promptId' as never] })).toEqual(['C++ poems'])
  })

  test('filters by everything at once, with a least price, a highest, both or neither', async () => {
    const { listings } = await listPage({ sellerId: bob.userId })
    const promptId = listings[0]!['promptId' as never]
    const fields = { sellerId: bob.userId, promptId, category: 'writing', currency: 'USD' }
    for (const prices of [{}, { minPrice: 1n }, { maxPrice: 5000n }, { minPrice: 1n, maxPrice: 5000n }])
      expect(await list({ ...fields, ...prices })).toEqual(['C++ poems'])
  })

  test('orders by the price in one currency, and by what was sold', async () => {
    const byPrice = await list({ orderBy: OrderBy.PRICE })
    expect(byPrice).toEqual(['Poems', 'C++ poems', 'Letters of poems', 'Contracts'])
    expect(await list({ orderBy: OrderBy.PRICE, currency: 'EUR' })).toEqual(['Code review'])
    expect((await list({ orderBy: OrderBy.SALES })).slice(0, 2)).toEqual(['Letters of poems', 'C++ poems'])
    expect((await list({ orderBy: OrderBy.SALES })).toSorted()).toEqual(ACTIVE.toSorted())
  })
})

describe('SearchListings', () => {
  test.each<[string, Partial<SearchListingsRequest>, string[]]>([
    [
      'a word: in titles before in descriptions',
      { query: 'poems' },
      ['C++ poems', 'Letters of poems', 'Poems', 'Contracts'],
    ],
    ['all words, in any order and case', { query: 'POEMS letters' }, ['Letters of poems', 'Contracts']],
    ['a name with signs', { query: 'c++' }, ['C++ poems']],
    ['a word of the category', { query: 'writing' }, ['C++ poems', 'Letters of poems', 'Poems']],
    ['nothing but signs', { query: '?!' }, []],
    ['a word that is nowhere', { query: 'nowhere' }, []],
  ])('finds %s', async (_, fields, titles) => {
    const found = await search(fields)
    expect(found.toSorted()).toEqual(titles.toSorted())
    if (titles.includes('Contracts')) expect(found.at(-1)).toBe('Contracts')
  })

  test('filters by category, currency and price', async () => {
    expect(await search({ query: 'poems', category: 'writing' })).toHaveLength(3)
    expect(await search({ query: 'review', currency: 'EUR' })).toEqual(['Code review'])
    expect(await search({ query: 'review', currency: 'USD' })).toEqual([])
    expect(await search({ query: 'poems', minPrice: 1100n })).toEqual(['Letters of poems', 'Contracts'])
    expect(await search({ query: 'poems', maxPrice: 1100n, category: 'writing', minPrice: 1001n })).toEqual([
      'Letters of poems',
    ])
  })

  test('finds only what is active, for its seller too', async () => {
    for (const { as } of [{ as: {} }, ann, bob]) {
      expect(await search({ query: 'gone' }, as)).toEqual([])
      expect(await search({ query: 'sold' }, as)).toEqual([])
    }
  })

  test('finds a listing by what it is now', async () => {
    const { listingId } = await market.list(ann, { title: 'Zebra', description: 'Stripes.' })
    await market.listings.updateListing(
      {
        listingId,
        title: 'Giraffe',
        withoutCommercial: false,
        price: undefined,
        commercialPrice: undefined,
        samples: undefined,
      },
      ann.as,
    )
    expect(await search({ query: 'zebra' })).toEqual([])
    expect(await search({ query: 'giraffe stripes' })).toEqual(['Giraffe'])
    await market.listings.removeListing({ listingId }, ann.as)
    expect(await search({ query: 'giraffe' })).toEqual([])
  })
})

test.each([
  ['list', () => listPage({}), (pageToken: string) => listPage({ pageToken, currency: 'USD' })],
  ['search', () => searchPage({ query: 'poems' }), (pageToken: string) => searchPage({ query: 'letters', pageToken })],
] as [string, () => Promise<Page>, (pageToken: string) => Promise<Page>][])(
  'the token of a %s is refused by one with other parameters',
  async (_, first, other) => {
    const { nextPageToken } = await first()
    expect(await rejection(other(nextPageToken))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'PAGE_TOKEN_INVALID',
    })
  },
)

test('what is searched is the active listings, whatever was done to them', async () => {
  const columns = 'ordinal, price, category, currency, search'
  const active = `select id, ${columns} from prompt_listings where status = 'ACTIVE'`
  const searched = `select listing_id, ${columns} from listing_search`
  expect(
    await market.database.query(`(${active} except ${searched}) union all (${searched} except ${active})`),
  ).toEqual([])
  expect(await market.database.query(`${searched} limit 1`)).toHaveLength(1)
})
