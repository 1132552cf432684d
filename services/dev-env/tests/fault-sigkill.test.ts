import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { DiscardPolicy } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import { MongoClient } from 'mongodb'
import { Client } from 'pg'
import { until } from '#chassis/testing/until.ts'
import { EVENTS } from '#contracts/events.ts'
import { newLedger } from '../../../scripts/chaos/ledger.ts'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import { holdRelay } from '../../../scripts/processes/outbox.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { type OwnProcess, runAsProcess } from './own-process.ts'
import { disagreements } from './recount.ts'
import { writePrompt } from './writer.ts'

const PROMPTS = 20
/** `prompt.created` and `prompt.updated` of each. */
const EMITTED = 2 * PROMPTS

const ledger = newLedger()
let network: TestNetwork
let prompt: OwnProcess
let version: OwnProcess
let ann: SignedIn

beforeAll(async () => {
  network = await startTestNetwork()
  prompt = await runAsProcess(network, 'prompt')
  version = await runAsProcess(network, 'version')
  ann = await network.signUp()
})
afterAll(async () => {
  await prompt[Symbol.asyncDispose]()
  await version[Symbol.asyncDispose]()
  await network.stop()
})

test('killed between the commit and the publishing, a service publishes at its next start, and all is counted once', async () => {
  const before = await published()
  const lead = await takeLead()
  await write()
  expect(await published()).toBe(before)

  await prompt.kill()
  await lead.end()
  expect(await network.services['prompt']!.waiting()).toBeGreaterThan(EMITTED)
  await prompt.start()
  expect(await disagreements(network, ledger)).toEqual([])
  expect(await published()).toBe(before + EMITTED)
})

test('killed between the publishing and the mark, it publishes again, and all is stored and counted once', async () => {
  const before = await published()
  const lead = await takeLead()
  await write()
  const rows = await connect()
  await rows.query('begin')
  await rows.query('select from outbox where processed_at is null for update')
  await lead.end()
  await until('all to be published', async () => (await published()) === before + EMITTED)
  await until('the mark to wait', async () => (await waitingFor(rows)).length > 0)

  await prompt.kill()
  // A server does not notice that its client is gone before it has the lock, and would mark the rows after all.
  await rows.query('select pg_terminate_backend(pid) from unnest($1::integer[]) pid', [await waitingFor(rows)])
  await rows.end()
  expect(await network.services['prompt']!.waiting()).toBeGreaterThanOrEqual(EMITTED)
  await prompt.start()
  expect(await disagreements(network, ledger)).toEqual([])
  expect(await published()).toBe(before + EMITTED)
})

test('killed between storing versions and telling of them, a service tells of them at its next start, and all is counted once', async () => {
  await network.processAll()
  const { streams, consumers } = network.broker.manager
  await consumers.update('PF_PROMPT_CONTENT', 'version', { ack_wait: nanos(2000) })
  const { config, state } = await streams.info('PF_VERSION')
  await streams.update('PF_VERSION', { discard: DiscardPolicy.New, max_bytes: state.bytes })
  const before = await storedVersions()
  await write()
  await until('versions to be stored', async () => (await storedVersions()) > before)
  expect((await streams.info('PF_VERSION')).state.messages).toBe(state.messages)

  await version.kill()
  await streams.update('PF_VERSION', { discard: config.discard, max_bytes: config.max_bytes })
  await version.start()
  expect(await disagreements(network, ledger)).toEqual([])
  expect((await streams.info('PF_VERSION')).state.messages).toBe(state.messages + 2 * PROMPTS)
  expect(await storedVersions()).toBe(before + 2 * PROMPTS)
})

test('killed while 60,000 events happen, a consumer catches up, and counts each of them once', async () => {
  await using analytics = await runAsProcess(network, 'analytics')
  await write()
  await network.processAll()
  await analytics.kill()
  const likes = 60_000
  await onDatabase(
    network.services['prompt']!.databaseUrl,
    `insert into outbox (id, subject, payload, occurred_at)
    select uuidv7(), $1, json_build_object(
      'metadata', json_build_object('aggregateId', p.id, 'aggregateRevision', p.revision),
      'actor', json_build_object('userId', p.user_id, 'username', p.username),
      'prompt', json_build_object('ownerId', p.user_id, 'visible', true, 'title', p.title)
    ), now()
    from (select * from prompts limit 20) p cross join generate_series(1, $2::integer / 20)`,
    EVENTS.promptLiked.subject,
    likes,
  )
  await until('all to be published', async () => (await network.services['prompt']!.waiting()) === 0)
  expect(await unread()).toBe(likes)

  await analytics.start()
  expect(await disagreements(network, ledger)).toEqual([])
  const stats = await network.rest('GET /v1/analytics/stats')
  expect(stats.body.totals.likes).toBe(String(likes))
})

const write = () => Promise.all(Array.from({ length: PROMPTS }, () => writePrompt(network, ann, ledger)))

/** How many events about prompts JetStream has. */
const published = async () => (await network.broker.manager.streams.info('PF_PROMPT')).state.messages

/** How many of them analytics has not been given yet. */
const unread = async () => (await network.broker.manager.consumers.info('PF_PROMPT', 'analytics')).num_pending

async function storedVersions(): Promise<number> {
  const client = await MongoClient.connect(network.services['version']!.databaseUrl)
  try {
    return await client.db().collection('prompt_versions').countDocuments()
  } finally {
    await client.close()
  }
}

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: network.services['prompt']!.databaseUrl })
  await client.connect()
  return client
}

/** Takes from the service what the one has that publishes. It is free when the client ends. */
const takeLead = () => holdRelay(network.services['prompt']!.databaseUrl)

/** Who waits for a lock that `client` has. */
async function waitingFor(client: Client): Promise<number[]> {
  const { rows } = await client.query<{ pid: number }>(
    'select pid from pg_stat_activity where pg_backend_pid() = any (pg_blocking_pids(pid))',
  )
  return rows.map(({ pid }) => pid)
}
