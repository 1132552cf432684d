import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import {
  ListPromptsRequest,
  ListPromptsRequest_OrderBy as OrderBy,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

const COUNT = 25

let service: PromptTest
let ann: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
  for (let n = 0; n < COUNT; n += 1) {
    const { id } = await service.create(ann, { title: `${n}`, category: n % 2 ? 'games' : 'legal', tags: ['even'] })
    // Many ties, so that the second sort column matters.
    const counters = {
      likes_count: n % 4,
      comments_count: n % 3,
      ratings_count: n % 5,
      ratings_sum: (n % 5) * (1 + (n % 5)),
    }
    await service.set(id, counters)
  }
  await until('every prompt to have its rank', async () => {
    await service.refresh()
    const [row] = await service.database.query<{ n: number }>(
      'select count(*)::integer as n from prompt_rank r join prompts p on p.id = r.prompt_id and p.likes_count = r.likes',
    )
    return row!.n === COUNT
  })
})
afterAll(() => service.stop())

const list = (fields: Partial<ListPromptsRequest>, caller?: Person) =>
  service.prompts.listPrompts(ListPromptsRequest.fromPartial(fields), caller?.as)

/** The titles of all pages; `between` runs after each. */
async function walk(fields: Partial<ListPromptsRequest>, caller?: Person, between = async () => {}) {
  const seen: string[] = []
  let pageToken = ''
  do {
    const page = await list({ ...fields, pageToken }, caller)
    seen.push(...page.prompts.map(({ title }) => title))
    pageToken = page.nextPageToken
    await between()
  } while (pageToken !== '')
  return seen
}

const all = Array.from({ length: COUNT }, (_, n) => String(n))
const inOrder = (titles: string[]) => titles.toSorted((a, b) => Number(a) - Number(b))

const ORDERS = Object.values(OrderBy).filter((order) => order !== OrderBy.UNRECOGNIZED)

describe.each(ORDERS)('in order %i', (orderBy) => {
  test.each([
    ['all', {}, all],
    ['one’s own', { userId: 'me' }, all],
    ['of a category', { category: 'games' }, all.filter((n) => Number(n) % 2 === 1)],
    ['with a tag', { tag: 'even', pageSize: 7 }, all],
  ])('pages of %s show each prompt once', async (_, fields, expected) => {
    const seen = await walk({ pageSize: 4, orderBy, ...fields }, ann)
    expect(inOrder(seen)).toEqual(expected)
    expect(await walk({ pageSize: 100, orderBy, ...fields }, ann)).toEqual(seen)
  })
})

describe('an order', () => {
  const firstBy = async (orderBy: OrderBy, value: 'likesCount' | 'commentsCount') =>
    (await list({ orderBy, pageSize: 100 })).prompts.map((prompt) => prompt[value])

  test('puts the most liked and the most commented first', async () => {
    for (const values of [await firstBy(OrderBy.LIKES, 'likesCount'), await firstBy(OrderBy.COMMENTS, 'commentsCount')])
      expect(values).toEqual(values.toSorted((a, b) => b - a))
  })

  test('by rating puts many good ratings before one perfect one, and bad ones last', async () => {
    const rated = async (title: string, count: number, each: number) => {
      const { id } = await service.create(ann, { title, tags: ['rated'] })
      await service.set(id, { ratings_count: count, ratings_sum: count * each })
    }
    await rated('one five', 1, 5)
    await rated('twenty fours', 20, 4)
    await rated('unrated', 0, 0)
    await rated('ten ones', 10, 1)
    await until('the order', async () => {
      await service.refresh()
      const { prompts } = await list({ tag: 'rated', orderBy: OrderBy.RATING })
      expect(prompts.map(({ title }) => title)).toEqual(['twenty fours', 'one five', 'unrated', 'ten ones'])
      return true
    })
    const own = await list({ tag: 'rated', orderBy: OrderBy.RATING, userId: 'me' }, ann)
    expect(own.prompts.map(({ title }) => title)).toEqual(['twenty fours', 'one five', 'unrated', 'ten ones'])
  })

  test('by last change puts what was changed last first', async () => {
    const { prompts } = await list({ pageSize: 100 })
    const last = prompts.at(-1)!
    await service.prompts.updatePrompt({ promptId: last.id, changes: '', model: 'new' }, ann.as)
    expect((await list({ pageSize: 1, orderBy: OrderBy.UPDATED })).prompts[0]!.id).toBe(last.id)
    expect((await list({ pageSize: 100 })).prompts.at(-1)!.id).toBe(last.id)
  })
})

describe.each(ORDERS)('while others come and go, in order %i', (orderBy) => {
  test('a prompt that exists throughout is seen exactly once', async () => {
    const bob = await service.person('bob')
    const leaving = await Promise.all(Array.from({ length: 8 }, () => service.create(bob, { title: 'leaving' })))
    // Their places are before, between and behind the pages.
    for (const [n, { id }] of leaving.entries()) await service.set(id, { likes_count: n % 4, comments_count: n % 3 })
    await service.refresh()
    const seen = await walk({ pageSize: 3, orderBy }, undefined, async () => {
      const { id } = await service.create(bob, { title: 'new' })
      await service.set(id, { likes_count: 2, comments_count: 1 })
      const promptId = leaving.pop()?.id
      if (promptId) await service.prompts.deletePrompt({ promptId }, bob.as)
      await service.refresh()
    })
    expect(inOrder(seen.filter((title) => all.includes(title)))).toEqual(all)
  })
})

describe('a page', () => {
  test('has 20 prompts by default, and 100 at the most', async () => {
    expect((await list({})).prompts).toHaveLength(20)
    const bob = await service.person('bob')
    await Promise.all(Array.from({ length: 101 }, () => service.create(bob)))
    const page = await list({ pageSize: 1000, userId: bob.userId })
    expect(page.prompts).toHaveLength(100)
    expect((await list({ userId: bob.userId, pageToken: page.nextPageToken })).prompts).toHaveLength(1)
  })

  test('that is the last has no token, also when it is full', async () => {
    const first = await list({ pageSize: 10, userId: ann.userId, category: 'games' })
    const last = await list({ pageSize: 2, userId: ann.userId, category: 'games', pageToken: first.nextPageToken })
    expect(last).toMatchObject({ prompts: [{}, {}], nextPageToken: '' })
  })

  test('token may come with another page size, but with no other parameters', async () => {
    const { nextPageToken: pageToken } = await list({ pageSize: 3, category: 'games' })
    expect((await list({ pageSize: 5, category: 'games', pageToken })).prompts).toHaveLength(5)
    const others: Partial<ListPromptsRequest>[] = [
      {},
      { category: 'legal' },
      { category: 'games', orderBy: OrderBy.LIKES },
      { category: 'games', isPublic: true },
      { category: 'games', isPublic: false },
      { category: 'games', tag: 'even' },
      { category: 'games', userId: ann.userId },
    ]
    for (const fields of others) expect(await refused({ ...fields, pageToken })).toEqual('PAGE_TOKEN_INVALID')
  })

  test('token that was changed, or is none at all, is refused', async () => {
    const { nextPageToken } = await list({ pageSize: 3 })
    const flipped = (nextPageToken[0] === 'A' ? 'B' : 'A') + nextPageToken.slice(1)
    for (const pageToken of [flipped, nextPageToken.slice(0, -1), `${nextPageToken}A`, 'x', '{}', '%00'])
      expect(await refused({ pageToken })).toEqual('PAGE_TOKEN_INVALID')
  })

  const refused = async (fields: Partial<ListPromptsRequest>) => {
    const { code, reason, violations } = await rejection(list(fields))
    expect({ code, violations }).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'page_token' }] })
    return reason
  }
})
