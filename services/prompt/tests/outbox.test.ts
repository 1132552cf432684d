import { randomUUID } from 'node:crypto'
import { Metadata, status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { type Prompt, Prompt_Status, Variable_Type } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { UpdatePromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let ann: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
})
afterAll(() => service.stop())

const CREATED = 'pf.prompt.prompt.created.v1'
const UPDATED = 'pf.prompt.prompt.updated.v1'
const DELETED = 'pf.prompt.prompt.deleted.v1'
const CONTENT = 'pf.prompt_content.prompt.content_changed.v1'
const SECRET = 'the content that only versions hold'

const clear = () => service.database.query('delete from outbox')
const emitted = (promptId?: string) => readOutbox(service.database, promptId)
const subjectsAndPayloads = async (promptId?: string) =>
  (await emitted(promptId)).map(({ subject, payload }) => [subject, payload] as const)
const subjects = async (promptId?: string) => (await emitted(promptId)).map(({ subject }) => subject)
const update = (promptId: string, patch: Partial<UpdatePromptRequest>) =>
  service.prompts.updatePrompt({ promptId, changes: '', ...patch }, ann.as)
const actor = ({ userId, username }: Person) => ({ userId, username })
const numbers = (length: number, first = 1) => Array.from({ length }, (_, index) => index + first)

/** A prompt whose first events are out of the way. */
async function created(fields: Parameters<PromptTest['create']>[1] = {}): Promise<Prompt> {
  const prompt = await service.create(ann, fields)
  await clear()
  return prompt
}

describe('CreatePrompt', () => {
  beforeEach(clear)

  test('emits the prompt, and its first version for the version service', async () => {
    const variable = {
      name: 'topic',
      type: Variable_Type.TEXT,
      description: '',
      required: true,
      options: [],
      defaultValue: '',
    }
    const prompt = await service.create(ann, {
      title: 'Äpfel "🍏"',
      content: 'Write about {{topic}}\n\\',
      description: 'For essays',
      category: 'writing',
      variables: [variable],
      model: 'any',
      tags: ['fruit'],
    })
    const events = await emitted()
    const metadata = { aggregateId: prompt.id, aggregateRevision: '1' }
    const common = { id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/), occurredAt: prompt.createdAt }
    const headers = { 'Pf-Request-Id': expect.stringMatching(/^[0-9a-f-]{36}$/) }
    expect(events).toEqual([
      {
        ...common,
        headers,
        name: 'prompt.created',
        subject: CREATED,
        payload: {
          metadata,
          actor: actor(ann),
          prompt: { ownerId: ann.userId, visible: true, title: 'Äpfel "🍏"', category: 'writing' },
        },
      },
      {
        ...common,
        headers,
        name: 'prompt.content_changed',
        subject: CONTENT,
        payload: {
          metadata,
          actor: actor(ann),
          version: 1,
          title: 'Äpfel "🍏"',
          content: 'Write about {{topic}}\n\\',
          description: 'For essays',
          category: 'writing',
          variables: [{ name: 'topic', type: 'TEXT', required: true, defaultValue: '' }],
          model: 'any',
          visible: true,
        },
      },
    ])
  })

  test('carries on the caller’s trace and request id', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const metadata = Metadata.fromHttp2Headers({ traceparent, 'x-request-id': 'request-of-ann' })
    await service.create({ ...ann, as: { ...ann.as, metadata } })
    const headers = (await emitted()).map((event) => event.headers)
    const expected = { traceparent, 'Pf-Request-Id': 'request-of-ann' }
    expect(headers).toEqual([expected, expected])
  })

  test.each([
    ['private', { isPublic: false }],
    ['a draft', { status: Prompt_Status.DRAFT }],
  ])('tells neither title nor category of what is %s', async (_, fields) => {
    const { id } = await service.create(ann, { title: 'Hidden', category: 'legal', content: SECRET, ...fields })
    const [, content] = await subjectsAndPayloads(id)
    expect((await subjectsAndPayloads(id))[0]![1]).toEqual({
      metadata: { aggregateId: id, aggregateRevision: '1' },
      actor: actor(ann),
      prompt: { ownerId: ann.userId },
    })
    expect(content).toMatchObject([CONTENT, { title: 'Hidden', category: 'legal', content: SECRET }])
    expect(content![1]).not.toHaveProperty('visible')
  })

  test('emits once for each request_id, however often it comes', async () => {
    const fields = { requestId: randomUUID() }
    await Promise.all(numbers(16).map(() => service.create(ann, fields)))
    await service.create(ann, fields)
    expect(await subjects()).toEqual([CREATED, CONTENT])
    await rejection(service.create(ann, { ...fields, title: 'Another' }))
    expect(await subjects()).toEqual([CREATED, CONTENT])
  })
})

describe('UpdatePrompt', () => {
  test('emits the change and the new version, with what the owner says of it', async () => {
    const { id } = await created({ title: 'One', category: 'legal', description: 'D', model: 'm' })
    const { prompt } = await update(id, { title: 'Two', category: '', changes: 'A better title' })
    const metadata = { aggregateId: id, aggregateRevision: '2' }
    expect(await subjectsAndPayloads(id)).toEqual([
      [
        UPDATED,
        {
          metadata,
          actor: actor(ann),
          prompt: { ownerId: ann.userId, visible: true, title: 'Two' },
          version: 2,
        },
      ],
      [
        CONTENT,
        {
          metadata,
          actor: actor(ann),
          version: 2,
          title: 'Two',
          content: 'Some content',
          description: 'D',
          model: 'm',
          changes: 'A better title',
          visible: true,
        },
      ],
    ])
    expect((await emitted(id)).map(({ occurredAt }) => occurredAt)).toEqual([prompt!.updatedAt, prompt!.updatedAt])
  })

  test('emits no version when none is made: tags, visibility and status are no part of one', async () => {
    const { id } = await created({ title: 'Shown' })
    await update(id, { tags: { values: ['new'] }, changes: 'ignored' })
    await update(id, { isPublic: false })
    await update(id, { isPublic: true })
    await update(id, { status: Prompt_Status.ARCHIVED })
    const facts = { ownerId: ann.userId }
    expect(await subjectsAndPayloads(id)).toEqual(
      [{ ...facts, visible: true, title: 'Shown' }, facts, { ...facts, visible: true, title: 'Shown' }, facts].map(
        (prompt, index) => [
          UPDATED,
          {
            metadata: { aggregateId: id, aggregateRevision: String(index + 2) },
            actor: actor(ann),
            prompt,
            version: 1,
          },
        ],
      ),
    )
  })

  test('emits nothing when nothing is changed: the same again, a stale etag, a refusal, another’s prompt', async () => {
    const { id } = await created({ title: 'Same', tags: ['a'] })
    await update(id, { title: 'Same', tags: { values: ['A'] }, changes: 'nothing' })
    const bob = await service.person('bob')
    const refusals = [
      await rejection(update(id, { title: 'New', etag: '7' })),
      await rejection(update(id, { title: 'New', publicFromVersion: 9 })),
      await rejection(service.prompts.updatePrompt({ promptId: id, title: 'New', changes: '' }, bob.as)),
    ]
    expect(refusals.map(({ code }) => code)).toEqual([status.ABORTED, status.INVALID_ARGUMENT, status.NOT_FOUND])
    expect(await emitted()).toEqual([])
  })

  test('40 times at once emits each version once, without a hole, as it was stored', async () => {
    const { id } = await created()
    const answers = await Promise.all(
      numbers(40).map((n) => update(id, { content: `content ${n}`, changes: `no. ${n}` })),
    )
    const contents = new Map(answers.map(({ prompt }) => [prompt!.version, prompt!.content]))
    const events = (await subjectsAndPayloads(id))
      .filter(([subject]) => subject === CONTENT)
      .map(([, payload]) => payload)
    const versions = events.map(({ version }) => version as number)
    expect(versions.toSorted((a, b) => a - b)).toEqual(numbers(40, 2))
    for (const { version, content, changes, metadata } of events) {
      expect(content).toBe(contents.get(version as number))
      expect(changes).toBe((content as string).replace('content', 'no.'))
      expect(metadata).toEqual({ aggregateId: id, aggregateRevision: String(version as number) })
    }
  })
})

describe('DeletePrompt', () => {
  test.each(['USER', 'MODERATOR'] as const)('by a %s emits who did it, and nothing of what it was', async (role) => {
    const { id } = await created({ title: 'Gone', category: 'legal', content: SECRET })
    const remover = role === 'USER' ? ann : await service.person('mod', role)
    await service.prompts.deletePrompt({ promptId: id }, remover.as)
    const payload = {
      metadata: { aggregateId: id, aggregateRevision: '2' },
      actor: actor(remover),
      prompt: { ownerId: ann.userId },
    }
    expect(await subjectsAndPayloads(id)).toEqual([[DELETED, payload]])
    const [row] = await service.database.query('select deleted_at from prompts where id = $1', [id])
    expect((await emitted(id))[0]!.occurredAt).toEqual(row!['deleted_at'])
  })

  test('emits once, and nothing for who may not', async () => {
    const { id } = await created()
    await rejection(service.prompts.deletePrompt({ promptId: id }, (await service.person('bob')).as))
    expect(await emitted()).toEqual([])
    await service.prompts.deletePrompt({ promptId: id }, ann.as)
    await rejection(service.prompts.deletePrompt({ promptId: id }, ann.as))
    expect(await subjects()).toEqual([DELETED])
  })
})

test('a prompt’s content is in no other event than that of its version', async () => {
  const { id } = await service.create(ann, { content: SECRET })
  await update(id, { content: `${SECRET}, again` })
  await update(id, { tags: { values: ['x'] } })
  await service.prompts.deletePrompt({ promptId: id }, ann.as)
  const withContent = await service.database.query<{ subject: string }>(
    `select distinct subject from outbox where payload::text || headers::text like '%${SECRET}%'`,
  )
  expect(withContent).toEqual([{ subject: CONTENT }])
})

describe('a write and its events are one', () => {
  const query = (text: string) => service.database.query(text)
  const state = async () => ({
    outbox: await query('select count(*)::integer as n from outbox'),
    prompts: await query('select id, revision, version, deleted_at from prompts order by id'),
    keys: await query('select count(*)::integer as n from idempotency_keys'),
    ratings: await query('select count(*)::integer as n from prompt_ratings'),
    comments: await query('select count(*)::integer as n from prompt_comments'),
  })
  const writes = (id: string, { as }: Person) => [
    service.create(ann, { requestId: randomUUID() }),
    update(id, { title: 'broken' }),
    service.prompts.deletePrompt({ promptId: id }, ann.as),
    service.social.ratePrompt({ promptId: id, rating: 5, review: '' }, as),
    service.social.createComment({ promptId: id, content: 'C', requestId: randomUUID() }, as),
  ]

  afterEach(async () => {
    await query('alter table outbox drop constraint if exists broken')
    await query('alter table prompts drop constraint if exists broken')
  })

  test.each(['outbox', 'prompts'])('when %s cannot take its row, the other has none either', async (table) => {
    const { id } = await created()
    await query(`alter table ${table} add constraint broken check (false) not valid`)
    const before = await state()
    const calls = writes(id, await service.person('bob'))
    const failures = await service.silenced(() => Promise.all(calls.map(rejection)))
    expect(failures.map(({ code }) => code)).toEqual(calls.map(() => status.INTERNAL))
    expect(await state()).toEqual(before)
  })
})
