import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { Prompt_Status } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import {
  ListPromptsRequest,
  ListPromptsRequest_OrderBy as OrderBy,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let ann: Person
let bob: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
  bob = await service.person('bob')
  await service.create(ann, { title: 'a public', category: 'games', tags: ['Fun', 'ai'] })
  await service.create(ann, { title: 'a private', isPublic: false, category: 'games' })
  await service.create(ann, { title: 'a draft', status: Prompt_Status.DRAFT })
  const archived = await service.create(ann, { title: 'a archived', tags: ['ai'] })
  await service.set(archived.id, { status: 'ARCHIVED' })
  const deleted = await service.create(ann, { title: 'a deleted' })
  await service.prompts.deletePrompt({ promptId: deleted.id }, ann.as)
  await service.create(bob, { title: 'b public', category: 'legal', tags: ['fun'] })
  await service.create(bob, { title: 'b private', isPublic: false })
})
afterAll(() => service.stop())

const list = (fields: Partial<ListPromptsRequest>, caller?: Person) =>
  service.prompts.listPrompts(ListPromptsRequest.fromPartial(fields), caller?.as)
const titles = async (fields: Partial<ListPromptsRequest>, caller?: Person) =>
  (await list(fields, caller)).prompts.map(({ title }) => title)

test('a tag is found however it is written', async () => {
  for (const tag of ['fun', ' FUN', '\uff26\uff35\uff2e'])
    expect(await titles({ tag })).toEqual(['b public', 'a public'])
})

describe('ListPrompts shows', () => {
  const all = ['a archived', 'a draft', 'a private', 'a public']

  test('everybody’s public, published prompts, newest first', async () => {
    expect(await titles({})).toEqual(['b public', 'a public'])
    expect(await titles({}, ann)).toEqual(['b public', 'a public'])
    expect(await titles({ isPublic: true }, ann)).toEqual(['b public', 'a public'])
  })

  test('of one user the same, of oneself everything that is not deleted', async () => {
    expect(await titles({ userId: ann.userId })).toEqual(['a public'])
    expect(await titles({ userId: ann.userId }, bob)).toEqual(['a public'])
    expect((await titles({ userId: ann.userId }, ann)).toSorted()).toEqual(all)
    expect((await titles({ userId: 'me' }, ann)).toSorted()).toEqual(all)
    expect(await titles({ userId: randomUUID() })).toEqual([])
  })

  test('private prompts to their owner only', async () => {
    expect(await titles({ isPublic: false }, ann)).toEqual(['a private'])
    expect(await titles({ isPublic: false, userId: 'me' }, bob)).toEqual(['b private'])
    expect(await titles({ isPublic: false, userId: ann.userId }, bob)).toEqual([])
    expect(await titles({ isPublic: false })).toEqual([])
    expect((await titles({ isPublic: true, userId: 'me' }, ann)).toSorted()).toEqual([
      'a archived',
      'a draft',
      'a public',
    ])
  })

  test('those of a category and those with a tag, regardless of case', async () => {
    expect(await titles({ category: 'games' })).toEqual(['a public'])
    expect((await titles({ category: 'games', userId: 'me' }, ann)).toSorted()).toEqual(['a private', 'a public'])
    expect(await titles({ category: 'no-such' })).toEqual([])
    expect(await titles({ tag: 'FUN' })).toEqual(['b public', 'a public'])
    expect(await titles({ tag: 'fun', category: 'legal' })).toEqual(['b public'])
    expect((await titles({ tag: 'ai', userId: 'me' }, ann)).toSorted()).toEqual(['a archived', 'a public'])
    expect(await titles({ tag: 'fun', category: 'legal', userId: bob.userId, orderBy: OrderBy.UPDATED })).toEqual([
      'b public',
    ])
  })

  test('those with a tag of whatever characters', async () => {
    const tag = `o'neill {"a",\\} \u{1f44d} %`
    await service.create(bob, { title: 'odd tag', tags: [tag], isPublic: false })
    expect(await titles({ tag, userId: 'me' }, bob)).toEqual(['odd tag'])
    expect(await titles({ tag: 'o', userId: 'me' }, bob)).toEqual([])
  })

  test('no content', async () => {
    const { prompts } = await list({})
    expect(prompts[0]).not.toHaveProperty('content')
    expect(prompts[0]).toMatchObject({ username: 'bob', category: 'legal', tags: ['fun'], version: 1 })
  })
})

describe('ListPrompts refuses', () => {
  test('a negative page size, an unknown order, a bad user id, and `me` of nobody', async () => {
    const fields = { pageSize: -1, orderBy: 99 as never, userId: 'ME' }
    const error = await rejection(list(fields))
    expect(error.code).toBe(status.INVALID_ARGUMENT)
    expect(error.violations.map(({ field }) => field).toSorted()).toEqual(['order_by', 'page_size', 'user_id'])
    expect(await rejection(list({ userId: 'me' }))).toMatchObject({ code: status.UNAUTHENTICATED })
  })
})
