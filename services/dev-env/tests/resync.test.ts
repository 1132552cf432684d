import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { nanos } from '@nats-io/transport-node'
import { MongoClient, UUID } from 'mongodb'
import { until } from '#chassis/testing/until.ts'
import { STREAMS } from '#contracts/events.ts'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import { type Mismatch, recount } from '../../analytics/db/recount.ts'
import { runCommand, startCommand } from './command.ts'
import { contentsOf } from './contents.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { startLoad } from './load.ts'

let network: TestNetwork
let ann: SignedIn

beforeAll(async () => {
  network = await startTestNetwork()
  ann = await network.signUp('ann')
  await network.processAll()
  // So short that consumers are told again what they were told a moment ago.
  for (const stream of Object.keys(STREAMS))
    await network.broker.manager.streams.update(stream, { duplicate_window: nanos(100) })
})
afterAll(() => network.stop())

const query = (service: string, text: string, ...values: unknown[]) =>
  onDatabase<any>(network.services[service]!.databaseUrl, text, ...values)

/** Runs the service's own command, as a person does, and waits until everybody has heard what it tells. */
async function resync(...services: string[]) {
  for (const service of services) await runCommand(network, service, 'resync')
  await network.processAll(90_000)
}

const id = (n: number) => `01970000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
const AUTHOR = id(1)

// Prompts of a day before there were events; every fourth is at its third version.
const INSERT_PROMPTS = `
  insert into prompts (id, title, content, category, user_id, username, is_public, version, revision, created_at, updated_at)
  select ('01970000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'Prompt ' || i, 'Content of ' || i, 'writing', $3, 'old',
    i % 10 <> 9, case when i % 4 = 0 then 3 else 1 end, case when i % 4 = 0 then 5 else 1 end, now() - interval '1 year',
    case when i % 4 = 0 then now() - interval '9 months' end
  from generate_series($1::integer, $2::integer) i`
const INSERT_AUTHOR = `
  insert into users (id, username, email, password, created_at, updated_at, revision)
  values ($1, 'new', 'old@example.com', '-', now() - interval '1 year', now() - interval '8 months', 2)`

const FORGET_ALL = `
  truncate user_activity_events, prompt_activity_events, user_daily, prompt_daily, platform_hourly, platform_totals, prompt_facts,
    event_ids, counted_once`

/** The number of the first prompt, how many there are, and the one that is deleted. */
const FIRST = 100
const COUNT = 40
const DELETED = FIRST + 1

async function arrange() {
  await query('user', INSERT_AUTHOR, AUTHOR)
  await query('prompt', INSERT_PROMPTS, FIRST, FIRST + COUNT - 1, AUTHOR)
  await query(
    'prompt',
    `update prompts set deleted_at = now() - interval '7 months', revision = 2 where id = $1`,
    id(DELETED),
  )
}

const read = (n: number, version: number) => network.rest(`GET /v1/prompts/${id(n)}/versions/${version}`)

const totals = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await query('analytics', 'select event_type, count::integer from platform_totals')).map((row) => [
      row.event_type,
      row.count,
    ]),
  )

/** How often each thing must have been counted that happens once: what PostgreSQL and MongoDB have. */
async function expectedTotals() {
  const [users] = await query('user', 'select count(*)::integer from users')
  const [prompts] = await query(
    'prompt',
    'select count(*)::integer, count(deleted_at)::integer as deleted from prompts',
  )
  const versions = await onVersions((documents) => documents.countDocuments())
  return {
    'user.registered': users.count,
    'prompt.created': prompts.count,
    'prompt.deleted': prompts.deleted,
    'version.created': versions,
  }
}

async function onVersions<T>(
  work: (documents: ReturnType<ReturnType<MongoClient['db']>['collection']>) => Promise<T>,
): Promise<T> {
  const client = await MongoClient.connect(network.services['version']!.databaseUrl)
  try {
    return await work(client.db().collection('prompt_versions'))
  } finally {
    await client.close()
  }
}

/** What analytics knows of prompts that is not what they are, and numbers that its events do not give. */
async function differences() {
  const facts = `select id, user_id as owner_id, is_public and status = 'PUBLISHED' and deleted_at is null as visible,
    deleted_at is not null as deleted, revision::integer from prompts order by id`
  const known = `select prompt_id as id, owner_id, visible, deleted, revision::integer from prompt_facts order by prompt_id`
  expect(await query('analytics', known)).toEqual(await query('prompt', facts))
  return recount((text) => query('analytics', text) as Promise<Mismatch[]>)
}

const letters = async () => (await network.broker.manager.streams.info('PF_DEAD_LETTER')).state.messages

/** All that services keep of each other's events. */
const known = async () =>
  Object.fromEntries(Object.entries(await contentsOf(network)).filter(([name]) => !name.endsWith('.outbox')))

describe('data that are older than the events', () => {
  beforeAll(arrange)

  test('are known nowhere: an old version is NOT_FOUND, not on its way', async () => {
    expect((await read(FIRST, 3)).status).toBe(404)
    expect((await network.rest(`GET /v1/analytics/prompts/${id(FIRST)}`)).status).toBe(404)
  })

  test('are known everywhere after resync, counted once: heads, owners, names, and what is deleted', async () => {
    const before = await totals()
    await resync('prompt', 'user')
    expect(await read(FIRST, 3)).toMatchObject({ status: 200, body: { version: { content: `Content of ${FIRST}` } } })
    expect(await read(FIRST + 2, 1)).toMatchObject({ status: 200 })
    // Nobody has it any more.
    expect((await read(FIRST, 2)).status).toBe(404)
    expect((await read(DELETED, 1)).status).toBe(404)
    expect((await network.rest(`GET /v1/prompts/${id(DELETED)}`)).status).toBe(404)
    expect((await network.rest(`GET /v1/analytics/prompts/${id(DELETED)}`)).status).toBe(404)
    const { body } = await network.rest(`GET /v1/analytics/prompts/${id(FIRST)}`)
    expect(body.totals).toMatchObject({ versions: '1' })
    expect((await network.rest(`GET /v1/prompts/${id(FIRST)}`)).body.prompt.username).toBe('new')
    expect(await totals()).toEqual({
      ...before,
      'user.registered': before['user.registered']! + 1,
      'prompt.created': COUNT,
      'prompt.deleted': 1,
      'version.created': COUNT,
    })
    expect(await differences()).toEqual([])
    expect(await letters()).toBe(0)
  })

  test('are not changed by another resync', async () => {
    const before = await known()
    await resync('prompt', 'user')
    expect(await known()).toEqual(before)
    expect(await letters()).toBe(0)
  })
})

test('a service that has nothing to tell says that it does not have the command', async () => {
  await expect(runCommand(network, 'analytics', 'resync')).rejects.toThrow(
    'unknown command resync: use one of migrate, dead-letters, partition, detach',
  )
})

describe('a store that was restored to an earlier day', () => {
  test('of versions: heads come back, and are not counted again', async () => {
    const before = await totals()
    await onVersions((documents) => documents.deleteMany({}))
    expect((await read(FIRST, 3)).status).toBe(404)
    await resync('prompt')
    expect((await read(FIRST, 3)).status).toBe(200)
    expect(await totals()).toEqual(before)
    expect(await differences()).toEqual([])
  })

  test('of statistics: what exists is counted again, once', async () => {
    await query('analytics', FORGET_ALL)
    await resync('prompt', 'user')
    await runCommand(network, 'version', 'replay', '2020-01-01T00:00:00Z')
    await network.processAll(90_000)
    expect(await totals()).toEqual(await expectedTotals())
    expect(await differences()).toEqual([])
  })
})

test('a store of prompts that was restored to an earlier day knows again whom people follow', async () => {
  const [ben, cid] = [await network.signUp('ben'), await network.signUp('cid')]
  for (const followed of [ben, cid]) {
    const answer = await network.rest(`POST /v1/users/${followed.id}:follow`, { token: ann.token })
    expect(answer.status).toBe(200)
  }
  await network.processAll(90_000)
  const follows = () =>
    query('prompt', 'select follower_id, following_id, active, revision from follows order by following_id')
  const before = await follows()
  expect(before.map(({ following_id: id }) => id)).toEqual([ben.id, cid.id].toSorted())
  const counted = await totals()
  await query('prompt', 'delete from follows where following_id = $1', cid.id)
  await resync('user')
  // All that somebody follows is told at the newest revision.
  expect(await follows()).toEqual(before.map((row) => ({ ...row, revision: 2 })))
  expect(await totals()).toEqual(counted)
})

describe('resync and', () => {
  beforeEach(async () => {
    await network.processAll(90_000)
    await query('analytics', FORGET_ALL)
    await query('prompt', 'truncate prompts cascade; truncate outbox')
    await onVersions((documents) => documents.deleteMany({}))
  })

  test('writes at the same time: nothing newer is overwritten, nothing is counted twice, and authors keep their words', async () => {
    await query('prompt', INSERT_PROMPTS, FIRST, FIRST + COUNT - 1, AUTHOR)
    const written: string[] = []
    const send = async (request: string, body: object) => {
      const answer = await network.rest(request, { token: ann.token, body })
      if (answer.status !== 200) throw new Error(`${request} answered ${answer.status}`)
      return answer.body.prompt.id as string
    }
    const load = startLoad(async () => {
      const promptId = await send('POST /v1/prompts', { title: 'Version 1', content: 'Text' })
      await send(`PATCH /v1/prompts/${promptId}`, { title: 'Version 2', changes: 'Words on 2' })
      await send(`PATCH /v1/prompts/${promptId}`, { isPublic: false })
      if (written.push(promptId) % 3 === 0) await network.rest(`DELETE /v1/prompts/${promptId}`, { token: ann.token })
    }, 2)
    for (let run = 0; run < 3; run++) await runCommand(network, 'prompt', 'resync')
    await load.stop()
    expect(written.length).toBeGreaterThan(5)
    await network.processAll(90_000)

    expect(await differences()).toEqual([])
    expect(await letters()).toBe(0)
    const { 'user.registered': _, ...expected } = await expectedTotals()
    expect(await totals()).toMatchObject(expected)
    const stored = await onVersions((documents) =>
      documents
        .find(
          { promptId: { $in: written.map((promptId) => new UUID(promptId)) } },
          { projection: { _id: 0, version: 1, title: 1, changes: 1 } },
        )
        .sort({ version: 1 })
        .toArray(),
    )
    const versionsOf = (version: number, changes: string) =>
      written.map(() => ({ version, title: `Version ${version}`, changes }))
    expect(stored).toEqual([...versionsOf(1, ''), ...versionsOf(2, 'Words on 2')])
  })

  test('a SIGKILL in the middle of it: another run ends as one would have', async () => {
    const many = 700
    await query('prompt', INSERT_PROMPTS, FIRST, FIRST + many - 1, AUTHOR)
    // Without NATS it stops before it has told all of them.
    await network.broker.away(async () => {
      const running = startCommand(network, ['prompt', 'resync'])
      await until('events to wait', async () => (await network.services['prompt']!.waiting()) >= 1000)
      running.kill('SIGKILL')
      await once(running, 'exit')
    })
    const [told] = await query('prompt', 'select count(*)::integer from outbox')
    expect(told.count).toBeLessThan(2 * many)
    await resync('prompt')
    expect(await totals()).toEqual({ 'prompt.created': many, 'version.created': many })
    expect(await differences()).toEqual([])
    const versions = await onVersions((documents) => documents.distinct('promptId'))
    expect(versions).toHaveLength(many)
    expect(await letters()).toBe(0)
  })
})
