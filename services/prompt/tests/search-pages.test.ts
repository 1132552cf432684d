import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { SearchPromptsRequest } from '#contracts/gen/promptforge/prompt/v1/search.ts'
import { searchVector } from '#chassis/search/vector.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

const COUNT = 1300

// The oldest 200 match best. Three in four of the others have the word, too; every seventh is private.
const FILL = `
  insert into prompts (id, title, content, user_id, username, is_public, created_at, search, search_revision)
  select uuidv7(), case when i <= 200 then 'Word ' || i else 'Title ' || i end, '', $2, 'ann', i % 7 <> 0, now(),
    (case when i <= 200 then $3 when i % 4 <> 0 then $4 else $5 end)::tsvector, 1
  from generate_series(1, $1::integer) i`
const best = searchVector({ title: 'Word', tags: [], description: null })
const good = searchVector({ title: 'Title', tags: [], description: 'a word' })
const other = searchVector({ title: 'Title', tags: [], description: 'another' })

let service: PromptTest
let ann: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
  await service.database.query(FILL, [COUNT, ann.userId, best, good, other])
})
afterAll(() => service.stop())

const search = (fields: Partial<SearchPromptsRequest>, caller?: Person) =>
  service.prompts.searchPrompts(SearchPromptsRequest.fromPartial({ query: 'word', ...fields }), caller?.as)

async function walk(fields: Partial<SearchPromptsRequest>, caller?: Person, between = async () => {}) {
  const seen: string[] = []
  let pageToken = ''
  do {
    const page = await search({ ...fields, pageToken }, caller)
    seen.push(...page.matches.map(({ prompt }) => prompt!.title))
    pageToken = page.nextPageToken
    await between()
  } while (pageToken !== '')
  return seen
}

const numbers = Array.from({ length: COUNT }, (_, n) => n + 1)
const titleOf = (n: number) => `${n <= 200 ? 'Word' : 'Title'} ${n}`
const matching = numbers.filter((n) => n <= 200 || n % 4 !== 0)
const isPublic = (n: number) => n % 7 !== 0
/** Best first, the newest first among equals. */
const ranked = (each: number[]) =>
  [...each.filter((n) => n <= 200).toReversed(), ...each.filter((n) => n > 200).toReversed()].map(titleOf)

test('the pages of a search show each match once, best first, and count them all', async () => {
  const listed = matching.filter(isPublic)
  expect(listed.length).toBeLessThan(1000)
  expect(await search({ pageSize: 1 })).toMatchObject({ matchesCount: listed.length, newestOnly: false })
  expect(await walk({ pageSize: 100 })).toEqual(ranked(listed))
  expect(await walk({ pageSize: 37, query: 'word WORD a' })).toEqual(ranked(listed.filter((n) => n > 200)))
})

test('of more than 1,000 matches the newest 1,000 are ranked, and the answer says so', async () => {
  expect(matching.length).toBeGreaterThan(1000)
  const own = { userId: 'me', pageSize: 100 }
  expect(await search(own, ann)).toMatchObject({ matchesCount: 1000, newestOnly: true })
  expect(await walk(own, ann)).toEqual(ranked(matching.slice(-1000)))
})

test('a match of the newest 1,000 is seen exactly once while others are made', async () => {
  const before = await walk({ userId: 'me', pageSize: 100 }, ann)
  const make = async () => {
    for (let n = 0; n < 3; n += 1) await service.create(ann, { title: 'Word', isPublic: false })
  }
  expect(await walk({ userId: 'me', pageSize: 100 }, ann, make)).toEqual(before)
})

test('a match that exists throughout is seen exactly once while others come and go', async () => {
  const asked = { userId: 'me', pageSize: 5, query: 'moving' }
  const titles = Array.from({ length: 30 }, (_, n) => `Moving ${n}`)
  const leaving: string[] = []
  for (const [n, title] of titles.entries()) {
    const { id } = await service.create(ann, { title, description: n % 4 === 0 ? 'moving' : '', isPublic: false })
    if (n % 3 === 0) leaving.push(id)
  }
  const staying = titles.filter((_, n) => n % 3 !== 0)
  const before = (await walk(asked, ann)).filter((title) => staying.includes(title))
  const seen = await walk(asked, ann, async () => {
    await service.create(ann, { title: 'Moving, and new', description: 'moving', isPublic: false })
    const promptId = leaving.pop()
    if (promptId) await service.prompts.deletePrompt({ promptId }, ann.as)
  })
  expect(seen.filter((title) => staying.includes(title))).toEqual(before)
  expect(before.toSorted()).toEqual(staying.toSorted())
})

describe('a page', () => {
  test('has 20 matches by default, and 100 at the most', async () => {
    expect((await search({})).matches).toHaveLength(20)
    expect((await search({ pageSize: 1000 })).matches).toHaveLength(100)
  })

  test('token may come with another page size, but with no other parameters', async () => {
    const { nextPageToken: pageToken } = await search({ pageSize: 3 })
    expect((await search({ pageSize: 5, pageToken })).matches).toHaveLength(5)
    const others: Partial<SearchPromptsRequest>[] = [
      { query: 'words' },
      { query: 'Word' },
      { category: 'games' },
      { tag: 'x' },
      { isPublic: true },
      { userId: ann.userId },
    ]
    for (const fields of others) {
      const { code, reason } = await rejection(search({ ...fields, pageToken }))
      expect({ code, reason }).toEqual({ code: status.INVALID_ARGUMENT, reason: 'PAGE_TOKEN_INVALID' })
    }
  })
})
