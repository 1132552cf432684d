import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { Prompt_Status } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { ListFeedRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest

beforeAll(async () => {
  service = await startPromptService()
})
afterAll(() => service.stop())

/** Stores whether a reader follows these users, as the events tell it. */
const follow = (reader: Person, userIds: string[], active = true) =>
  service.database.query(
    `insert into follows (follower_id, following_id, revision, active)
    select $1, unnest($2::uuid[]), 1, $3
    on conflict (follower_id, following_id) do update set active = excluded.active`,
    [reader.userId, userIds, active],
  )

const feed = (reader: Person, fields: Partial<ListFeedRequest> = {}) =>
  service.prompts.listFeed(ListFeedRequest.fromPartial(fields), reader.as)
const titles = async (reader: Person) => (await feed(reader)).prompts.map(({ title }) => title)

/** A reader who follows these, and `others` users who write nothing. */
async function readerOf(authors: Person[], others = 0) {
  const reader = await service.person('reader')
  await follow(reader, [...authors.map(({ userId }) => userId), ...Array.from({ length: others }, () => randomUUID())])
  return reader
}

const people = (...names: string[]) => Promise.all(names.map((name) => service.person(name)))

// Who follows many gets the newest prompts by another way than who follows few.
const READERS: [string, number][] = [
  ['few', 0],
  ['many', 200],
]

describe.each(READERS)('the feed of somebody who follows %s', (_, others) => {
  test('has the prompts of those whom they follow, the newest first, and nobody else’s', async () => {
    const [ann, bob, eve] = (await people('ann', 'bob', 'eve')) as [Person, Person, Person]
    const reader = await readerOf([ann, bob], others)
    for (const [author, title] of [
      [ann, 'a first'],
      [eve, 'e'],
      [bob, 'b'],
      [reader, 'own'],
      [ann, 'a second'],
    ] as const)
      await service.create(author, { title })
    expect(await titles(reader)).toEqual(['a second', 'b', 'a first'])
    expect(await titles(eve)).toEqual([])
  })

  test('has only what is public and published, and no content', async () => {
    const [ann] = (await people('ann')) as [Person]
    const reader = await readerOf([ann], others)
    await service.create(ann, { title: 'public', category: 'games', tags: ['fun'] })
    await service.create(ann, { title: 'private', isPublic: false })
    await service.create(ann, { title: 'draft', status: Prompt_Status.DRAFT })
    const licensed = await service.create(ann, { title: 'licensed', isPublic: false })
    await service.entitle(licensed.id, reader.userId)
    const { prompts } = await feed(reader)
    expect(prompts).toMatchObject([{ title: 'public', username: 'ann', category: 'games', tags: ['fun'], version: 1 }])
    expect(prompts[0]).not.toHaveProperty('content')
  })

  test('loses what is hidden, archived or deleted, and shows again what is made public', async () => {
    const [ann] = (await people('ann')) as [Person]
    const reader = await readerOf([ann], others)
    const [hidden, archived, deleted] = await Promise.all(
      ['hidden', 'archived', 'deleted'].map((title) => service.create(ann, { title })),
    )
    await service.create(ann, { title: 'stays' })
    expect(await titles(reader)).toHaveLength(4)
    await service.prompts.updatePrompt({ promptId: hidden!.id, isPublic: false, changes: '' }, ann.as)
    const status = Prompt_Status.ARCHIVED
    await service.prompts.updatePrompt({ promptId: archived!.id, status, changes: '' }, ann.as)
    await service.prompts.deletePrompt({ promptId: deleted!.id }, ann.as)
    expect(await titles(reader)).toEqual(['stays'])
    await service.prompts.updatePrompt({ promptId: hidden!.id, isPublic: true, changes: '' }, ann.as)
    expect(await titles(reader)).toEqual(['stays', 'hidden'])
  })

  test('loses the prompts of those whom they unfollow, and shows them again when they follow again', async () => {
    const [ann, bob] = (await people('ann', 'bob')) as [Person, Person]
    const reader = await readerOf([ann, bob], others)
    await service.create(ann, { title: 'a' })
    await service.create(bob, { title: 'b' })
    await follow(reader, [ann.userId], false)
    expect(await titles(reader)).toEqual(['b'])
    await follow(reader, [ann.userId])
    expect(await titles(reader)).toEqual(['b', 'a'])
  })
})

describe.each(READERS)('pages of the feed of somebody who follows %s', (_, others) => {
  /** Twelve prompts of three authors, in groups of the same time, and one who follows these. */
  async function arrange() {
    const authors = (await people('ann', 'bob', 'cat')) as [Person, Person, Person]
    const ids: string[] = []
    for (let n = 0; n < 12; n += 1) {
      // The first author has half of the prompts, and all of the oldest.
      const { id } = await service.create(authors[n < 4 ? 0 : n % 3]!, { title: String(n) })
      await service.set(id, { created_at: new Date(Date.now() - 3_600_000 + Math.floor(n / 3) * 1000) })
      ids.push(id)
    }
    return { authors, ids, reader: await readerOf(authors, others) }
  }

  async function walk(reader: Person, pageSize: number, between = async () => {}) {
    const seen: string[] = []
    let pageToken = ''
    do {
      const page = await feed(reader, { pageSize, pageToken })
      expect(page.prompts.length).toBeLessThanOrEqual(pageSize)
      seen.push(...page.prompts.map(({ id }) => id))
      pageToken = page.nextPageToken
      await between()
    } while (pageToken !== '')
    return seen
  }

  test('show each prompt once, the newest first, whatever their size', async () => {
    const { reader, ids } = await arrange()
    const whole = await walk(reader, 100)
    expect(whole.toSorted()).toEqual(ids.toSorted())
    const times = (await feed(reader)).prompts.map(({ createdAt }) => createdAt!.getTime())
    expect(times).toEqual(times.toSorted((a, b) => b - a))
    for (const pageSize of [1, 2, 3, 5, 11, 12]) expect(await walk(reader, pageSize)).toEqual(whole)
  })

  test('show each prompt that exists throughout exactly once while others come and go', async () => {
    const { reader, ids, authors } = await arrange()
    // Every third goes, from the oldest on, so that prompts vanish before and behind the page.
    const leaving = ids.filter((__, n) => n % 3 === 0)
    const staying = ids.filter((id) => !leaving.includes(id))
    const seen = await walk(reader, 2, async () => {
      await service.create(authors[0], { title: 'new' })
      const id = leaving.shift()
      if (id) await service.set(id, { is_public: false })
    })
    expect(seen.filter((id) => staying.includes(id)).toSorted()).toEqual(staying.toSorted())
  })

  test('have 20 prompts by default, 100 at the most, and no token on the last one', async () => {
    const [ann] = (await people('ann')) as [Person]
    const reader = await readerOf([ann], others)
    await Promise.all(Array.from({ length: 101 }, () => service.create(ann)))
    expect((await feed(reader)).prompts).toHaveLength(20)
    const first = await feed(reader, { pageSize: 1000 })
    expect(first.prompts).toHaveLength(100)
    const last = await feed(reader, { pageToken: first.nextPageToken })
    expect(last).toMatchObject({ prompts: [{}], nextPageToken: '' })
  })
})

describe('ListFeed refuses', () => {
  test('who is not signed in', async () => {
    const call = service.prompts.listFeed(ListFeedRequest.fromPartial({}))
    expect(await rejection(call)).toMatchObject({ code: status.UNAUTHENTICATED })
  })

  test('a negative page size, and page tokens of another list or of another user’s feed', async () => {
    const [ann, other] = (await people('ann', 'other')) as [Person, Person]
    const reader = await readerOf([ann])
    for (let n = 0; n < 2; n += 1) await service.create(ann)
    const list = { pageSize: 1, pageToken: '' }
    const { nextPageToken: ofFeed } = await feed(reader, list)
    const { nextPageToken: ofList } = await service.prompts.listPrompts({ ...list, orderBy: 0 }, reader.as)
    for (const call of [feed(other, { pageToken: ofFeed }), feed(reader, { pageToken: ofList })])
      expect(await rejection(call)).toMatchObject({ reason: 'PAGE_TOKEN_INVALID' })
    expect(await rejection(feed(reader, { pageSize: -1 }))).toMatchObject({ violations: [{ field: 'page_size' }] })
  })
})
