import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

const COUNT = 25

let service: PromptTest
let ann: Person
let people: Person[]
const parents = new Map<string, string>()

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
  people = await Promise.all(Array.from({ length: COUNT }, (_, i) => service.person(`person${i}`)))
})
afterAll(() => service.stop())

type Page = { keys: string[]; nextPageToken: string }

/** A list of what people said of a prompt. `key` is what names a row of it. */
type List = {
  name: string
  add(promptId: string, person: Person): Promise<string>
  remove(promptId: string, person: Person, key: string): Promise<unknown>
  page(request: { promptId: string; pageSize: number; pageToken: string }): Promise<Page>
}

const LISTS: List[] = [
  {
    name: 'ListLikes',
    add: async (promptId, { as, userId }) => {
      await service.social.likePrompt({ promptId }, as)
      return userId
    },
    remove: (promptId, { as }) => service.social.unlikePrompt({ promptId }, as),
    page: async (request) => {
      const { likes, nextPageToken } = await service.social.listLikes(request)
      return { keys: likes.map(({ userId }) => userId), nextPageToken }
    },
  },
  {
    name: 'ListRatings',
    add: async (promptId, { as, userId }) => {
      await service.social.ratePrompt({ promptId, rating: 4, review: '' }, as)
      return userId
    },
    remove: (promptId, { as }) => service.social.deleteRating({ promptId }, as),
    page: async (request) => {
      const { ratings, nextPageToken } = await service.social.listRatings(request)
      return { keys: ratings.map(({ userId }) => userId), nextPageToken }
    },
  },
  {
    name: 'ListComments',
    add: comment,
    remove: uncomment,
    page: async (request) => {
      const { comments, nextPageToken } = await service.social.listComments(request)
      return { keys: comments.map(({ id }) => id), nextPageToken }
    },
  },
  {
    name: 'ListComments of the replies to a comment',
    add: async (promptId, person) => comment(promptId, person, await parentOf(promptId)),
    remove: uncomment,
    page: async (request) => {
      const parentId = await parentOf(request.promptId)
      const { comments, nextPageToken } = await service.social.listComments({ ...request, parentId })
      return { keys: comments.map(({ id }) => id), nextPageToken }
    },
  },
]

async function comment(promptId: string, { as }: Person, parentId?: string) {
  const { comment: made } = await service.social.createComment({ promptId, content: 'C', parentId }, as)
  return made!.id
}

function uncomment(promptId: string, { as }: Person, commentId: string) {
  return service.social.deleteComment({ promptId, commentId }, as)
}

/** The one comment of a prompt to which all replies are. */
async function parentOf(promptId: string): Promise<string> {
  const known = parents.get(promptId) ?? (await comment(promptId, ann))
  parents.set(promptId, known)
  return known
}

describe.each(LISTS)('$name', ({ name, add, remove, page }) => {
  /** A prompt with something of each of the people, the keys in the order in which it came. */
  async function arrange() {
    const { id: promptId } = await service.create(ann)
    const keys: string[] = []
    for (const person of people) keys.push(await add(promptId, person))
    return { promptId, keys }
  }

  /** The keys on all pages; `between` runs after each. */
  async function walk(promptId: string, pageSize: number, between = async () => {}) {
    const seen: string[] = []
    let pageToken = ''
    do {
      const { keys, nextPageToken } = await page({ promptId, pageSize, pageToken })
      seen.push(...keys)
      pageToken = nextPageToken
      await between()
    } while (pageToken !== '')
    return seen
  }

  test('shows each row once, the newest first, whatever the size of the pages', async () => {
    const { promptId, keys } = await arrange()
    for (const pageSize of [1, 4, 5, 100]) expect(await walk(promptId, pageSize)).toEqual(keys.toReversed())
  })

  test('shows each row that exists throughout exactly once while others come and go', async () => {
    const { promptId, keys } = await arrange()
    // Every third goes, from the oldest on, so that rows vanish before and behind the page.
    const leaving = people.map((person, i) => ({ person, key: keys[i]! })).filter((_, i) => i % 3 === 0)
    const staying = keys.filter((key) => leaving.every((row) => row.key !== key))
    const seen = await walk(promptId, 3, async () => {
      await add(promptId, await service.person('newcomer'))
      const row = leaving.shift()
      if (row) await remove(promptId, row.person, row.key)
    })
    expect(seen.filter((key) => staying.includes(key))).toEqual(staying.toReversed())
  })

  test('has 20 rows on a page by default, and no token on the last one', async () => {
    const { promptId, keys } = await arrange()
    const first = await page({ promptId, pageSize: 0, pageToken: '' })
    expect(first.keys).toEqual(keys.toReversed().slice(0, 20))
    const last = await page({ promptId, pageSize: 5, pageToken: first.nextPageToken })
    expect(last).toEqual({ keys: keys.toReversed().slice(20), nextPageToken: '' })
  })

  test('refuses a page token of another prompt, or of another list, and a negative size', async () => {
    const { promptId } = await arrange()
    const { id: other } = await service.create(ann)
    const { nextPageToken: pageToken } = await page({ promptId, pageSize: 1, pageToken: '' })
    const refused = [page({ promptId: other, pageSize: 1, pageToken })]
    for (const list of LISTS) if (list.name !== name) refused.push(list.page({ promptId, pageSize: 1, pageToken }))
    for (const call of refused) expect(await rejection(call)).toMatchObject({ reason: 'PAGE_TOKEN_INVALID' })
    expect(await rejection(page({ promptId, pageSize: -1, pageToken: '' }))).toMatchObject({
      violations: [{ field: 'page_size' }],
    })
  })
})
