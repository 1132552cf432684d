import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { AckPolicy, jetstream } from '@nats-io/jetstream'
import { until } from '#chassis/testing/until.ts'
import { STREAMS } from '#contracts/events.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { LANES } from '../../dev-env/providers.ts'
import { certificatesOf, connectAs } from './harness.ts'

const MAIN = join(import.meta.dirname, '../main.ts')
const DAY = 86_400e9

let broker: TestBroker
beforeAll(async () => {
  broker = await startTestBroker()
})
afterAll(() => broker.stop())

/** Runs the program with an environment of nothing else. */
async function run(...args: string[]) {
  const env = { PF_NATS_URL: broker.url, PF_CERTIFICATES: certificatesOf('deploy'), PF_TEST_LANES: LANES.join() }
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args], { env })
  return stdout
}

const apply = () => run('apply')

test('streams and consumers are those of the catalogue', async () => {
  const { streams, consumers } = broker.manager
  expect((await streams.names().next()).toSorted()).toEqual(Object.keys(STREAMS).toSorted())
  expect((await streams.info('PF_PROMPT')).config).toMatchObject({
    subjects: ['pf.prompt.>'],
    storage: 'file',
    discard: 'old',
    retention: 'limits',
    max_age: 30 * DAY,
    max_bytes: STREAMS.PF_PROMPT.maxBytes,
    duplicate_window: 1800e9,
    allow_atomic: true,
    num_replicas: 1,
  })
  expect((await consumers.info('PF_USER', 'analytics')).config).toMatchObject({
    durable_name: 'analytics',
    ack_policy: 'explicit',
    ack_wait: 30e9,
    max_ack_pending: 5000,
    max_deliver: -1,
    filter_subjects: [
      'pf.user.user.registered.v1.*',
      'pf.user.user.signed_in.v1',
      'pf.user.user.renamed.v1',
      'pf.user.user.deactivated.v1',
      'pf.user.user.followed.v1',
      'pf.user.user.unfollowed.v1',
      'pf.user.user.erased.v1.*',
      'pf.user.user.audited.v1',
    ],
  })
})

test('a queue of jobs keeps each until a worker of its lane has taken it, and refuses more than it can hold', async () => {
  const { streams, consumers } = broker.manager
  expect((await streams.info('PF_TEST_JOBS')).config).toMatchObject({ retention: 'workqueue', discard: 'new' })
  expect((await consumers.info('PF_TEST_JOBS', 'sandbox')).config).toMatchObject({
    ack_wait: 10e9,
    max_ack_pending: 1000,
    max_deliver: -1,
    filter_subjects: ['pf.job.test.*.v1.sandbox'],
  })
  // That of users' own keys is there whatever the operator's providers are.
  expect((await consumers.info('PF_TEST_JOBS', 'byok')).config).toMatchObject({
    filter_subjects: ['pf.job.test.*.v1.byok'],
  })
})

test('applied again, nothing changes', async () => {
  expect(await apply()).toBe('')
})

test('what differs is changed back, and what it does not know is named and left alone', async () => {
  const { streams, consumers } = broker.manager
  await streams.update('PF_USER', { max_bytes: 1_000_000 })
  await consumers.update('PF_USER', 'prompt', { filter_subjects: ['pf.user.>'] })
  await consumers.delete('PF_VERSION', 'analytics')
  await consumers.add('PF_USER', { durable_name: 'search', ack_policy: AckPolicy.Explicit })
  expect((await apply()).trim().split('\n')).toEqual([
    'stream PF_USER changed',
    'consumer prompt of PF_USER changed',
    'consumer search of PF_USER is not in the catalogue',
    'consumer analytics of PF_VERSION made',
  ])
  expect(await apply()).toBe('consumer search of PF_USER is not in the catalogue\n')
})

test('rewind lets the consumers of a service begin again at a time, which an upgrade after it leaves as it is', async () => {
  const { consumers } = broker.manager
  const connection = await connectAs('user', broker.url)
  const js = jetstream(connection)
  const publish = (i: number) => js.publish('pf.user.user.renamed.v1', `event ${i}`, { msgID: `renamed-${i}` })
  await publish(1)
  const since = new Date()
  await until('another millisecond', () => new Date() > since)
  const { seq } = await publish(2)
  await connection.close()

  const lines = (await run('rewind', 'prompt', since.toISOString())).trim().split('\n')
  expect(lines).toContain(`consumer prompt of PF_USER begins again at ${since.toISOString()}`)
  expect((await consumers.info('PF_USER', 'prompt')).delivered.stream_seq).toBe(seq - 1)
  await apply()
  expect(await consumers.info('PF_USER', 'prompt')).toMatchObject({
    delivered: { stream_seq: seq - 1 },
    num_pending: 1,
  })
})

test('rewind refuses a service that consumes nothing, and a time that is none, and changes nothing', async () => {
  const names = 'analytics, marketplace, prompt, test, version'
  await expect(run('rewind', 'user', '2026-11-20T00:00:00Z')).rejects.toThrow(
    `user consumes no events: name one of ${names}`,
  )
  await expect(run('rewind', 'prompt', 'yesterday')).rejects.toThrow('rewind needs the time to start from')
})

test('a crash of the broker loses nothing that it acknowledged, and it still knows what it has seen', async () => {
  const connection = await connectAs('prompt', broker.url)
  const js = jetstream(connection)
  const publish = (i: number) => js.publish('pf.prompt.prompt.created.v1', `event ${i}`, { msgID: `id-${i}` })
  const acknowledged = (await Promise.all(Array.from({ length: 200 }, (_, i) => publish(i)))).length

  await broker.restart('kill')
  const { state } = await broker.manager.streams.info('PF_PROMPT')
  expect(state.messages).toBe(acknowledged)
  const again = await connectAs('prompt', broker.url)
  expect(await jetstream(again).publish('pf.prompt.prompt.created.v1', 'event 7', { msgID: 'id-7' })).toMatchObject({
    duplicate: true,
  })
  for (const one of [connection, again]) await one.close()
})
