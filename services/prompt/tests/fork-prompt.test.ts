import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import { Variable_Type } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { ForkPromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
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

const fork = async (promptId: string, fields: Partial<ForkPromptRequest> = {}, caller = bob) =>
  (await service.prompts.forkPrompt({ promptId, ...fields }, caller.as)).prompt!
const original = () =>
  service.create(ann, {
    title: 'T',
    content: 'C {{topic}}',
    description: 'D',
    category: 'writing',
    tags: ['a'],
    model: 'M',
    variables: [{ name: 'topic', type: Variable_Type.TEXT, description: '', required: true, options: [] }],
  })
const read = async (promptId: string, caller = ann) =>
  (await service.prompts.getPrompt({ promptId }, caller.as)).prompt!
const eventsOf = (promptId: string) =>
  service.database.query<{ subject: string; payload: Record<string, unknown> }>(
    `select subject, payload from outbox where payload -> 'metadata' ->> 'aggregateId' = $1 order by id`,
    [promptId],
  )

describe('ForkPrompt', () => {
  test('copies all that a version holds, and tags, to a prompt of the caller’s own at version 1', async () => {
    const source = await original()
    await service.prompts.updatePrompt({ promptId: source.id, content: 'C2 {{topic}}', changes: '' }, ann.as)
    const made = await fork(source.id)
    expect(made).toEqual({
      ...source,
      id: made.id,
      content: 'C2 {{topic}}',
      userId: bob.userId,
      username: 'bob',
      forkedFromId: source.id,
      forkedFromVersion: 2,
      createdAt: expect.any(Date),
    })
    expect(await read(made.id, bob)).toEqual(made)
  })

  test('counts for the original, whose revision stays', async () => {
    const source = await original()
    await Promise.all(Array.from({ length: 20 }, () => fork(source.id)))
    expect(await read(source.id)).toEqual({ ...source, forksCount: 20 })
  })

  test('emits that the original was forked, and a prompt with its first version made', async () => {
    const source = await original()
    const made = await fork(source.id)
    expect((await eventsOf(source.id)).at(-1)).toMatchObject({
      subject: 'pf.prompt.prompt.forked.v1',
      payload: { actor: { userId: bob.userId, username: 'bob' }, prompt: { title: 'T' }, forkId: made.id },
    })
    const events = await eventsOf(made.id)
    expect(events.map(({ subject }) => subject).toSorted()).toEqual([
      'pf.prompt.prompt.created.v1',
      'pf.prompt_content.prompt.content_changed.v1',
    ])
    expect(events.find(({ subject }) => subject.includes('content_changed'))!.payload).toMatchObject({
      version: 1,
      title: 'T',
      content: 'C {{topic}}',
      visible: true,
      variables: [{ name: 'topic', type: 'TEXT', required: true }],
    })
  })

  test('stays what it is when the original is changed, hidden or deleted', async () => {
    const source = await original()
    const made = await fork(source.id)
    await service.prompts.updatePrompt({ promptId: source.id, title: 'Other', isPublic: false, changes: '' }, ann.as)
    await service.prompts.deletePrompt({ promptId: source.id }, ann.as)
    expect(await read(made.id, bob)).toEqual(made)
    expect((await service.prompts.getPrompt({ promptId: made.id })).prompt!.title).toBe('T')
  })

  test('is found by the same terms as the original, with the same weights', async () => {
    const texts = {
      title: `What's new in c++, node.js & \\ 提示词 🚀`,
      description: 'Notes on it',
      tags: ['git', "it's"],
    }
    const source = await service.create(ann, texts)
    const made = await fork(source.id)
    const rows = await service.database.query('select search::text, search_revision from prompts where id = any ($1)', [
      [source.id, made.id],
    ])
    expect(rows).toEqual([rows[0], rows[0]])
    expect(rows[0]!['search']).toContain(`'c++':`)
  })

  test('of what a COMMERCIAL licence opens is private for ever', async () => {
    const source = await original()
    await service.set(source.id, { is_public: false })
    await service.entitle(source.id, bob.userId, { licenseType: License_Type.COMMERCIAL })
    const made = await fork(source.id)
    expect(made.isPublic).toBe(false)
    const publish = service.prompts.updatePrompt({ promptId: made.id, isPublic: true, changes: '' }, bob.as)
    expect(await rejection(publish)).toMatchObject({ reason: 'FORK_NOT_PUBLISHABLE' })
    expect(await rejection(fork(source.id, { isPublic: true }))).toMatchObject({ reason: 'FORK_NOT_PUBLISHABLE' })
  })

  test('of what a PERSONAL or expired licence opens is refused, and changes nothing', async () => {
    const source = await original()
    await service.set(source.id, { is_public: false })
    await service.entitle(source.id, bob.userId, { licenseType: License_Type.PERSONAL })
    await service.entitle(source.id, bob.userId, {
      licenseType: License_Type.COMMERCIAL,
      expiresAt: new Date(Date.now() - 1000),
    })
    expect(await rejection(fork(source.id))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'FORK_NOT_ALLOWED',
    })
    expect(await read(source.id)).toMatchObject({ forksCount: 0 })
  })

  test('of what the caller may not read is NOT_FOUND at once, also while somebody changes it', async () => {
    const source = await original()
    await service.set(source.id, { is_public: false })
    await service.whilePromptLocked(source.id, async () => {
      expect(await rejection(fork(source.id))).toMatchObject({ code: status.NOT_FOUND, message: 'no such prompt' })
    })
  })

  test('of what the caller may not read is NOT_FOUND', async () => {
    const source = await original()
    await service.set(source.id, { is_public: false })
    for (const id of [source.id, randomUUID()])
      expect(await rejection(fork(id))).toMatchObject({ code: status.NOT_FOUND, message: 'no such prompt' })
  })

  test('with one request_id is made once', async () => {
    const source = await original()
    const requestId = randomUUID()
    const forks = await Promise.all(Array.from({ length: 5 }, () => fork(source.id, { requestId })))
    expect(new Set(forks.map(({ id }) => id)).size).toBe(1)
    expect(await read(source.id)).toMatchObject({ forksCount: 1 })
    const other = await original()
    expect(await rejection(fork(other.id, { requestId }))).toMatchObject({ reason: 'REQUEST_ID_REUSED' })
  })
})
