import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { type Person, type PromptTest, startPromptService } from './harness.ts'

let service: PromptTest
let ann: Person

beforeAll(async () => {
  service = await startPromptService()
  ann = await service.person('ann')
})
beforeEach(() => service.database.query('truncate prompts, outbox cascade'))
afterAll(() => service.stop())

const resync = (...args: string[]) => service.service.commands['resync']!(args)
const outbox = () => readOutbox(service.database)
const rows = () => service.database.query('select * from outbox order by id')
const published = (ago: string) =>
  service.database.query('update outbox set processed_at = now() - $1::interval', [ago])

/** A prompt, of which no event is known. */
async function old(fields: Parameters<PromptTest['create']>[1] = {}, columns: Record<string, unknown> = {}) {
  const { id } = await service.create(ann, { title: 'A title', category: 'writing', ...fields })
  await service.set(id, { created_at: '2025-03-04T05:06:07.089Z', ...columns })
  await service.database.query('truncate outbox')
  return id
}

const CHANGED = { updated_at: '2025-04-05T06:07:08.090Z', version: 3, revision: 5 }

describe('resync tells', () => {
  test('that a prompt was created, what it is now, and its head version', async () => {
    const promptId = await old({ content: 'Text' }, CHANGED)
    expect(await resync()).toEqual({ rows: 1, events: 2, repeated: 0, table: 'prompts', last: promptId })
    const metadata = { aggregateId: promptId, aggregateRevision: '5', resync: true }
    const actor = { userId: ann.userId, username: 'ann' }
    expect(await outbox()).toMatchObject([
      {
        name: 'prompt.created',
        occurredAt: new Date('2025-03-04T05:06:07.089Z'),
        payload: { metadata, actor, prompt: { ownerId: ann.userId, visible: true, title: 'A title' } },
      },
      {
        name: 'prompt.content_changed',
        occurredAt: new Date('2025-04-05T06:07:08.090Z'),
        payload: { metadata, actor, version: 3, title: 'A title', content: 'Text', category: 'writing', visible: true },
      },
    ])
  })

  test('of a deleted prompt also the deletion, and nothing of what only its owner may see', async () => {
    await old({}, { deleted_at: '2025-05-06T07:08:09.010Z', revision: 2 })
    await resync()
    const told = await outbox()
    const [created, deleted] = ['prompt.created', 'prompt.deleted'].map((name) =>
      told.find((event) => event.name === name),
    )
    expect(created!.payload['prompt']).toEqual({ ownerId: ann.userId })
    expect(deleted).toMatchObject({ name: 'prompt.deleted', occurredAt: new Date('2025-05-06T07:08:09.010Z') })
    expect(deleted!.payload).toMatchObject({ prompt: { ownerId: ann.userId }, actor: {} })
  })

  test('of a private prompt no title to those who count', async () => {
    await old({ isPublic: false })
    await resync()
    const created = (await outbox()).find(({ name }) => name === 'prompt.created')
    expect(created!.payload['prompt']).toEqual({ ownerId: ann.userId })
  })

  test('the first version as of when the prompt was created, whatever was changed since', async () => {
    await old({}, { ...CHANGED, version: 1 })
    await resync()
    expect((await outbox()).map(({ occurredAt }) => occurredAt.getUTCMonth())).toEqual([2, 2])
  })
})

describe('resync again', () => {
  test('tells the same events, under ids that begin with their time', async () => {
    await old({}, CHANGED)
    await resync()
    const before = await outbox()
    await resync()
    expect(await outbox()).toEqual(before.map((event) => ({ ...event, headers: expect.anything() })))
    for (const { id, occurredAt } of before) {
      expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(occurredAt.getTime())
      expect(id).toMatch(/^.{14}8.{4}8/)
    }
  })

  test('lets them wait again, for a consumer that has lost them meanwhile', async () => {
    await old()
    await resync()
    await published('31 minutes')
    expect(await resync()).toMatchObject({ events: 2, repeated: 0 })
    expect(await rows()).toMatchObject([{ processed_at: null }, { processed_at: null }])
  })

  test('says what JetStream will not take again yet', async () => {
    await old()
    await resync()
    await published('29 minutes')
    expect(await resync()).toMatchObject({ events: 2, repeated: 2 })
  })

  test('after a change tells other events, of the new revision', async () => {
    const promptId = await old({}, CHANGED)
    await resync()
    await service.set(promptId, { revision: 6 })
    await resync()
    expect(await rows()).toHaveLength(4)
  })
})

describe('resync of many prompts', () => {
  const insert = (count: number, content = 'content') =>
    service.database.query(
      `insert into prompts (id, title, content, user_id, username, created_at)
      select uuidv7(), 'Prompt ' || i, repeat($2, 1), $3, 'ann', now() - interval '1 year' from generate_series(1, $1::integer) i`,
      [count, content, ann.userId],
    )

  test('tells each once, page by page, and goes on after an id that it has logged', async () => {
    await insert(450)
    const { last } = (await resync()) as { last: string }
    expect(await rows()).toHaveLength(900)
    await service.database.query('truncate outbox')
    const [{ id: middle }] = (await service.database.query<{ id: string }>(
      'select id from prompts order by id offset 299 limit 1',
    )) as [{ id: string }]
    expect(await resync(middle)).toEqual({ rows: 150, events: 300, repeated: 0, table: 'prompts', last })
    expect(await resync(last)).toEqual({ rows: 0, events: 0, repeated: 0, table: 'prompts', last })
  })

  test('ends a page at 2 MiB, but tells a larger prompt, too', async () => {
    await insert(3, 'é'.repeat(1_500_000))
    expect(await resync()).toMatchObject({ rows: 3, events: 6 })
  })

  test('refuses what is no id', async () => {
    await expect(resync('2026-11-20')).rejects.toThrow('give the last one that it has logged')
  })
})
