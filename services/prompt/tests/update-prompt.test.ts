import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { Prompt_Status, Variable_Type } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { CreatePromptRequest, UpdatePromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let ann: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
})
afterAll(() => service.stop())

type Patch = Partial<Omit<UpdatePromptRequest, 'promptId'>>

const send = (promptId: string, patch: Patch, caller = ann) =>
  service.prompts.updatePrompt({ promptId, changes: '', ...patch }, caller.as)
const update = async (promptId: string, patch: Patch) => (await send(promptId, patch)).prompt!
const refused = (promptId: string, patch: Patch, caller = ann) => rejection(send(promptId, patch, caller))
const row = async (id: string) => (await service.database.query('select * from prompts where id = $1', [id]))[0]!
const variables = (defaultValue: string) => [
  { name: 'topic', type: Variable_Type.TEXT, description: '', required: true, options: [], defaultValue },
]

const full: Partial<CreatePromptRequest> = {
  title: 'T',
  content: 'C',
  description: 'D',
  category: 'writing',
  tags: ['a'],
  variables: variables('v'),
  model: 'M',
}

describe('UpdatePrompt', () => {
  test.each<[string, Patch, Record<string, unknown>]>([
    ['title', { title: 'T2' }, { title: 'T2' }],
    ['content', { content: 'C2' }, { content: 'C2' }],
    ['description', { description: 'D2' }, { description: 'D2' }],
    ['description, cleared', { description: '' }, { description: '' }],
    ['category', { category: 'software' }, { category: 'software' }],
    ['category, cleared', { category: '' }, { category: '' }],
    ['model', { model: 'M2' }, { model: 'M2' }],
    ['model, cleared', { model: '' }, { model: '' }],
    ['variables', { variables: { values: variables('w') } }, { variables: variables('w') }],
    ['variables, none', { variables: { values: [] } }, { variables: [] }],
  ])('makes a version of a new %s, and leaves the rest', async (_, patch, changed) => {
    const before = await service.create(ann, full)
    const after = await update(before.id, patch)
    expect(after).toEqual({ ...before, ...changed, version: 2, etag: '2', updatedAt: expect.any(Date) })
    expect(await service.prompts.getPrompt({ promptId: before.id }, ann.as)).toMatchObject({ prompt: after })
  })

  test.each<[string, Patch, Record<string, unknown>]>([
    ['tags', { tags: { values: ['B', 'a', 'b'] } }, { tags: ['a', 'b'] }],
    ['tags, none', { tags: { values: [] } }, { tags: [] }],
    ['visibility', { isPublic: false }, { isPublic: false }],
    ['status', { status: Prompt_Status.ARCHIVED }, { status: Prompt_Status.ARCHIVED }],
  ])('makes a revision but no version of new %s', async (_, patch, changed) => {
    const before = await service.create(ann, full)
    const after = await update(before.id, patch)
    expect(after).toEqual({ ...before, ...changed, version: 1, etag: '2', updatedAt: expect.any(Date) })
  })

  test.each<[string, Patch]>([
    ['nothing', {}],
    ['nothing but a message', { changes: 'no change' }],
    ['what it is already', { ...full, tags: { values: ['A'] }, variables: { values: variables('v') }, isPublic: true }],
    ['its present status and first public version', { status: Prompt_Status.PUBLISHED, publicFromVersion: 1 }],
    ['its present etag', { etag: '1' }],
  ])('that says %s changes nothing', async (_, patch) => {
    const before = await service.create(ann, full)
    const stored = await row(before.id)
    expect(await update(before.id, patch)).toEqual(before)
    expect(await row(before.id)).toEqual(stored)
  })

  test('clears to null what is cleared', async () => {
    const { id } = await service.create(ann, full)
    await update(id, { description: '', category: '', model: '' })
    expect(await row(id)).toMatchObject({ description: null, category: null, model: null })
  })

  test('is not moved by likes, ratings and comments, and does not move them', async () => {
    const { id } = await service.create(ann)
    await service.set(id, { likes_count: 3, comments_count: 2, ratings_count: 2, ratings_sum: 9 })
    const counted = { likesCount: 3, commentsCount: 2, ratingsCount: 2, ratingAvg: 4.5 }
    const { prompt } = await service.prompts.getPrompt({ promptId: id })
    expect(prompt).toMatchObject({ ...counted, etag: '1', updatedAt: undefined })
    expect(await update(id, { title: 'New' })).toMatchObject({ ...counted, etag: '2' })
  })

  test('stores a large content whole, also when it is changed next to it', async () => {
    const content = Array.from({ length: 200_000 }, (_, index) => String.fromCodePoint(0x4e00 + (index % 20_000))).join(
      '',
    )
    const { id } = await service.create(ann, { content })
    expect((await update(id, { title: 'New' })).content).toBe(content)
    expect((await service.prompts.getPrompt({ promptId: id })).prompt!.content).toBe(content)
  })
})

describe('what others may read', () => {
  test('begins at the head when a prompt is made public', async () => {
    const { id } = await service.create(ann, { isPublic: false })
    await update(id, { content: 'private draft' })
    expect(await update(id, { isPublic: true })).toMatchObject({ version: 2, publicFromVersion: 2 })
  })

  test('begins at the version that the same change makes', async () => {
    const { id } = await service.create(ann, { isPublic: false })
    expect(await update(id, { isPublic: true, content: 'new' })).toMatchObject({ version: 2, publicFromVersion: 2 })
  })

  test('begins at the head when a draft is published', async () => {
    const { id } = await service.create(ann, { status: Prompt_Status.DRAFT })
    await update(id, { content: 'better' })
    const published = await update(id, { status: Prompt_Status.PUBLISHED })
    expect(published).toMatchObject({ version: 2, publicFromVersion: 2 })
  })

  test('stays where it was when a public prompt changes or is archived and brought back', async () => {
    const { id } = await service.create(ann)
    await update(id, { content: 'new', status: Prompt_Status.ARCHIVED })
    expect(await update(id, { status: Prompt_Status.PUBLISHED })).toMatchObject({ version: 2, publicFromVersion: 1 })
  })

  test('begins where the owner says, up to the head after the change', async () => {
    const { id } = await service.create(ann, { isPublic: false })
    const opened = await update(id, { content: 'new', isPublic: true, publicFromVersion: 1 })
    expect(opened).toMatchObject({ version: 2, publicFromVersion: 1, etag: '2' })
    expect(await update(id, { publicFromVersion: 2 })).toMatchObject({ publicFromVersion: 2, etag: '3' })
    expect(await update(id, { content: 'newer', publicFromVersion: 3 })).toMatchObject({ publicFromVersion: 3 })
    expect(await refused(id, { title: 'lost', publicFromVersion: 5 })).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'VALIDATION_FAILED',
      violations: [{ field: 'public_from_version' }],
    })
    expect(await row(id)).toMatchObject({ title: 'A title', version: 3, revision: 4 })
  })
})

describe('UpdatePrompt refuses', () => {
  test('an etag that is not the present revision, and says which is', async () => {
    const { id } = await service.create(ann)
    await update(id, { title: 'two', etag: '1' })
    expect(await refused(id, { title: 'three', etag: '1' })).toMatchObject({
      code: status.ABORTED,
      reason: 'ETAG_STALE',
      metadata: { etag: '2' },
    })
    expect(await refused(id, { etag: '999999999999999999' })).toMatchObject({ reason: 'ETAG_STALE' })
    expect(await update(id, { title: 'three', etag: '2' })).toMatchObject({ title: 'three', etag: '3' })
  })

  test('an unknown category', async () => {
    const { id } = await service.create(ann)
    expect(await refused(id, { category: 'no-such', title: 'lost' })).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'CATEGORY_UNKNOWN',
    })
    expect(await row(id)).toMatchObject({ title: 'A title', revision: 1 })
  })

  test('to make a fork of a private prompt public', async () => {
    const { id } = await service.create(ann, { isPublic: false })
    await service.set(id, { forked_private: true })
    expect(await refused(id, { isPublic: true })).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'FORK_NOT_PUBLISHABLE',
    })
    expect(await update(id, { title: 'still mine' })).toMatchObject({ isPublic: false })
  })

  test('what breaks a rule of the contract', async () => {
    const { id } = await service.create(ann)
    const patch: Patch = { title: '', tags: { values: [''] }, status: 0, publicFromVersion: 0, etag: 'x' }
    const { reason, violations } = await refused(id, patch)
    expect(reason).toBe('VALIDATION_FAILED')
    expect(violations.map(({ field }) => field).toSorted()).toEqual([
      'etag',
      'public_from_version',
      'status',
      'tags.values[0]',
      'title',
    ])
  })

  test('anybody but the owner: to them it does not exist, nor does a deleted one', async () => {
    const { id } = await service.create(ann)
    const moderator = await service.person('mod', 'MODERATOR')
    for (const other of [await service.person('bob'), moderator]) {
      expect(await refused(id, { title: 'theirs' }, other)).toMatchObject({ code: status.NOT_FOUND })
    }
    expect(await refused(randomUUID(), { title: 'x' })).toMatchObject({ code: status.NOT_FOUND })
    await service.prompts.deletePrompt({ promptId: id }, ann.as)
    expect(await refused(id, { title: 'late' })).toMatchObject({ code: status.NOT_FOUND })
  })
})
