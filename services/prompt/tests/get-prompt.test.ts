import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let ann: Person
let bob: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
  bob = await service.person('bob')
})
afterAll(() => service.stop())

const rate = (promptId: string, userId: string, rating: number) =>
  service.database.query(
    `insert into prompt_ratings (id, prompt_id, user_id, username, rating, created_at) values ($1, $2, $3, 'x', $4, now())`,
    [randomUUID(), promptId, userId, rating],
  )
const like = (promptId: string, userId: string) =>
  service.database.query('insert into prompt_likes (id, prompt_id, user_id, created_at) values ($1, $2, $3, now())', [
    randomUUID(),
    promptId,
    userId,
  ])

describe('GetPrompt', () => {
  test('says what the caller has to do with it', async () => {
    const { id } = await service.create(ann)
    await like(id, bob.userId)
    await rate(id, bob.userId, 4)
    const mine = await service.prompts.getPrompt({ promptId: id }, bob.as)
    expect(mine).toMatchObject({ likedByMe: true, myRating: 4 })
    const others = await service.prompts.getPrompt({ promptId: id }, ann.as)
    expect(others).toMatchObject({ likedByMe: false, myRating: undefined })
    const nobodys = await service.prompts.getPrompt({ promptId: id })
    expect(nobodys).toMatchObject({ likedByMe: false, myRating: undefined })
  })

  test('shows counters, the mean to two decimals and the origin of a fork', async () => {
    const { id } = await service.create(ann)
    const origin = randomUUID()
    const counters = { likes_count: 12, comments_count: 3, ratings_count: 3, ratings_sum: 13, forks_count: 2 }
    await service.set(id, { ...counters, forked_from_id: origin, forked_from_version: 4 })
    const { prompt } = await service.prompts.getPrompt({ promptId: id })
    expect(prompt).toMatchObject({
      likesCount: 12,
      commentsCount: 3,
      ratingsCount: 3,
      forksCount: 2,
      ratingAvg: 4.33,
      forkedFromId: origin,
      forkedFromVersion: 4,
    })
  })

  test('withholds the variables with the content', async () => {
    const variables = [{ name: 'a', type: 1 as const, description: '', required: false, options: [] }]
    const { id } = await service.create(ann, { isPublic: false, variables })
    await service.entitle(id, bob.userId, { maxVersion: 1 })
    const before = await service.prompts.getPrompt({ promptId: id }, bob.as)
    expect(before.prompt).toMatchObject({ content: 'Some content', variables })
    await service.prompts.updatePrompt({ promptId: id, content: 'New', changes: '' }, ann.as)
    const after = await service.prompts.getPrompt({ promptId: id }, bob.as)
    expect(after.prompt).toMatchObject({ title: 'A title', content: '', variables: [], version: 2 })
    expect(after.access!.readableVersions).toEqual([{ from: 1, to: 1 }])
  })

  test('of an id that nobody has is NOT_FOUND, of no id INVALID_ARGUMENT', async () => {
    const unknown = await rejection(service.prompts.getPrompt({ promptId: randomUUID() }, ann.as))
    expect(unknown).toMatchObject({ code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' })
    const malformed = await rejection(service.prompts.getPrompt({ promptId: 'ABC' }, ann.as))
    expect(malformed).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'prompt_id' }] })
  })
})

describe('BatchGetPrompts', () => {
  test('answers in the order of the request, each once, without content and without what may not be seen', async () => {
    const [a, b] = [await service.create(ann, { title: 'a' }), await service.create(ann, { title: 'b' })]
    const secret = await service.create(ann, { title: 'secret', isPublic: false })
    const promptIds = [b.id, randomUUID(), a.id, secret.id, b.id]
    const { prompts } = await service.prompts.batchGetPrompts({ promptIds }, bob.as)
    expect(prompts.map(({ title }) => title)).toEqual(['b', 'a'])
    expect(prompts[0]).not.toHaveProperty('content')
    const own = await service.prompts.batchGetPrompts({ promptIds }, ann.as)
    expect(own.prompts.map(({ title }) => title)).toEqual(['b', 'a', 'secret'])
  })

  test('takes 1 to 100 ids', async () => {
    const ids = (length: number) => ({ promptIds: Array.from({ length }, () => randomUUID()) })
    expect(await service.prompts.batchGetPrompts(ids(100))).toEqual({ prompts: [] })
    for (const length of [0, 101]) {
      const error = await rejection(service.prompts.batchGetPrompts(ids(length)))
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'prompt_ids' }] })
    }
  })
})

describe('CheckAccess', () => {
  test('says when the prompt was last changed, which no version is younger than', async () => {
    const { id, createdAt } = await service.create(ann)
    expect((await service.internal.checkAccess({ promptId: id })).lastChangedAt).toEqual(createdAt)
    const { prompt } = await service.prompts.updatePrompt({ promptId: id, content: 'Other', changes: '' }, ann.as)
    expect((await service.internal.checkAccess({ promptId: id })).lastChangedAt).toEqual(prompt!.updatedAt)
  })

  test.each<[string, Record<string, unknown>, number | undefined]>([
    ['public', {}, 3],
    ['archived', { status: 'ARCHIVED' }, 3],
    ['private', { is_public: false }, undefined],
    ['a draft', { status: 'DRAFT' }, undefined],
  ])('says from which version on anyone may read a prompt that is %s', async (_, columns, expected) => {
    const { id } = await service.create(ann)
    await service.set(id, { version: 5, public_from_version: 3, ...columns })
    expect((await service.internal.checkAccess({ promptId: id }, ann.as)).publicFromVersion).toBe(expected)
  })

  test('says of what was public and is deleted that nobody may read it but its licensees', async () => {
    const { id } = await service.create(ann)
    await service.entitle(id, bob.userId)
    await service.prompts.deletePrompt({ promptId: id }, ann.as)
    const answer = await service.internal.checkAccess({ promptId: id }, bob.as)
    expect(answer).toMatchObject({ access: { readableVersions: [{ from: 1, to: 1 }] }, publicFromVersion: undefined })
  })

  test('says that a fork of what is not public cannot be sold, unless it was the owner’s own', async () => {
    const restricted = async (promptId: string, caller: Person) =>
      (await service.internal.checkAccess({ promptId }, caller.as)).resaleRestricted
    const fork = async (promptId: string, caller: Person) =>
      (await service.prompts.forkPrompt({ promptId, isPublic: false }, caller.as)).prompt!.id
    const { id: open } = await service.create(ann)
    const { id: secret } = await service.create(ann, { isPublic: false })
    await service.entitle(secret, bob.userId, { licenseType: License_Type.COMMERCIAL })
    const bought = await fork(secret, bob)
    expect(await restricted(secret, ann)).toBe(false)
    expect(await restricted(await fork(secret, ann), ann)).toBe(false)
    expect(await restricted(await fork(open, bob), bob)).toBe(false)
    expect(await restricted(bought, bob)).toBe(true)
    expect(await restricted(await fork(bought, bob), bob)).toBe(true)
  })

  test('is for version, test and marketplace only', async () => {
    const { id } = await service.create(ann)
    for (const peer of ['version', 'test', 'marketplace']) {
      const internal = service.stub(PromptInternalServiceService, peer)
      expect(await internal.checkAccess({ promptId: id })).toMatchObject({ ownerId: ann.userId, headVersion: 1 })
    }
    for (const peer of ['client', 'gateway', 'user']) {
      const internal = service.stub(PromptInternalServiceService, peer)
      const error = await rejection(internal.checkAccess({ promptId: id }, ann.as))
      expect(error).toMatchObject({ code: status.PERMISSION_DENIED })
    }
  })
})
