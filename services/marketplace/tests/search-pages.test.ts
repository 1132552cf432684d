import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { SearchListingsRequest } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { MAX_NARROW } from '../db/search-listings.ts'
import { searchOf } from '../listing.ts'
import { type Marketplace, startMarketplace } from './harness.ts'

const COUNT = 13_000

// The oldest 200 match best. Every seventh is removed; every 650th is dear.
const FILL = `
  insert into prompt_listings (id, prompt_id, seller_id, title, price, status, created_at, prompt_version, min_version, includes_updates, currency,
    exclusive, search)
  select uuidv7(), uuidv7(), uuidv7(), case when i <= 200 then 'Word ' || i else 'Title ' || i end, case when i % 650 = 1 then 900 else 10 end,
    case when i % 7 = 0 then 'REMOVED' else 'ACTIVE' end, now(), 1, 1, false, 'USD', false, (case when i <= 200 then $2 else $3 end)::tsvector
  from generate_series(1, $1::integer) i`
const best = searchOf({ title: 'Word' })
const good = searchOf({ title: 'Title', description: 'a word' })

let market: Marketplace

beforeAll(async () => {
  market = await startMarketplace()
  await market.database.query(FILL, [COUNT, best, good])
})
afterAll(() => market.stop())

async function walk(fields: Partial<SearchListingsRequest>, between: () => Promise<unknown> = async () => undefined) {
  const titles: string[] = []
  let pageToken = ''
  do {
    const request = SearchListingsRequest.fromPartial({ query: 'word', pageSize: 100, ...fields, pageToken })
    const page = await market.listings.searchListings(request)
    titles.push(...page.listings.map(({ title }) => title))
    pageToken = page.nextPageToken
    await between()
  } while (pageToken !== '')
  return titles
}

const active = Array.from({ length: COUNT }, (_, index) => COUNT - index).filter((n) => n % 7 !== 0)
const titleOf = (n: number) => `${n <= 200 ? 'Word' : 'Title'} ${n}`

test('of more than 1,000 matches the newest 1,000 are found, each once, the newest first among equals', async () => {
  expect(await walk({})).toEqual(active.slice(0, 1000).map(titleOf))
})

test('in a range of prices best first, whether few listings or nearly all are within', async () => {
  const dear = active.filter((n) => n % 650 === 1)
  const ranked = [...dear.filter((n) => n <= 200), ...dear.filter((n) => n > 200)]
  expect(await walk({ minPrice: 50_000n, pageSize: 3 })).toEqual(ranked.map(titleOf))
  const cheap = active.filter((n) => n % 650 !== 1)
  expect(cheap.length).toBeGreaterThan(MAX_NARROW)
  expect(await walk({ maxPrice: 50_000n })).toEqual(cheap.slice(0, 1000).map(titleOf))
})

test('a match that exists throughout is seen exactly once while others are made', async () => {
  const make = () => market.database.query(FILL, [3, best, good])
  expect(await walk({}, make)).toEqual(active.slice(0, 1000).map(titleOf))
})
