import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { TEST_AUTH } from '#chassis/testing/identity.ts'
import { readMetric } from '#chassis/testing/metric.ts'
import { testMesh } from '#chassis/testing/service.ts'
import { startTcpProxy } from '#chassis/testing/tcp-proxy.ts'
import { until } from '#chassis/testing/until.ts'
import {
  PromptTest_Status as Status,
  PromptTest_UsageSource as UsageSource,
} from '#contracts/gen/promptforge/test/v1/test.ts'
import { startServer } from '../../../scripts/processes/server.ts'
import { freePort } from '../infra/ports.ts'
import { startTestBroker, type TestBroker } from '../infra/test-broker.ts'
import { schema } from '../../test/db/schema.ts'
import { DIALECTS } from '../../test/tests/dialects.ts'
import { startTestRunner } from '../../test/tests/harness.ts'
import { beginEvents, type ProviderServer, startProviderServer } from '../../test/tests/provider-server.ts'

const { begin, text, end } = DIALECTS['openai-compatible']
const COUNTED = { fresh: 10, cacheRead: 0, cacheWrite: 0, text: 2, reasoning: 0 }

let broker: TestBroker
let provider: ProviderServer
let database: TestDatabase
/** The calls that the provider was sent. It begins to answer the first of a test, and answers the others. */
let calls: ServerResponse[] = []

beforeAll(async () => {
  broker = await startTestBroker()
  provider = await startProviderServer((response) => {
    calls.push(response)
    beginEvents(response)
    if (calls.length === 1) response.write(begin(COUNTED) + text('Hello'))
    else response.end(begin(COUNTED) + text('Hello there') + end('stop', COUNTED))
  })
})
beforeEach(async () => {
  calls = []
  database = await testDatabase(schema)
})
afterEach(() => database.drop())
afterAll(async () => {
  await provider.stop()
  await broker.stop()
})

const called = (count: number) => until('the provider to be called', () => calls.length === count)

/** Waits until as many milliseconds have passed since then. */
const passed = (since: number, ms: number) => until(`${ms} ms to pass`, () => Date.now() - since >= ms)

/** What is said of a test whose first call was lost, and that another has completed. */
const ranTwice = (reservedMicros: bigint) => ({
  status: Status.COMPLETED,
  response: 'Hello there',
  attempts: 2,
  costMicros: reservedMicros + 18n,
  usageSource: UsageSource.ESTIMATED,
})

test('a worker that stalls for 20 s has lost its test to another replica: what came of its call is discarded', async () => {
  // Without NATS it takes no jobs.
  const asker = await startTestRunner({ providerUrl: provider.url, database })
  const { testId, promptId, reservedMicros } = await asker.run('Hello?')
  const metricsPort = await freePort()
  const { certificates, trustDomain, namespace } = testMesh('test')
  await using worker = await startServer({
    name: 'test',
    command: ['services/test/main.ts'],
    env: {
      ...asker.env,
      ...database.env,
      PF_NATS_URL: broker.url,
      PF_CERTIFICATES: certificates,
      PF_TRUST_DOMAIN: trustDomain,
      PF_NAMESPACE: namespace,
      PF_TOKEN_ISSUER: TEST_AUTH.issuer,
      PF_TOKEN_AUDIENCE: TEST_AUTH.audience,
      PF_PAGE_TOKEN_SECRET: 'a secret for page tokens of tests',
      PF_HOST: '127.0.0.1',
      PF_PORT: '0',
      PF_HEALTH_PORT: '0',
      PF_METRICS_PORT: String(metricsPort),
    },
    flags: [],
    logs: process.env['PF_TEST_FOLDER']!,
  })
  await asker.stop()
  await called(1)
  process.kill(worker.pid, 'SIGSTOP')
  const stalledAt = Date.now()
  calls[0]!.end(text(' too late') + end('stop', COUNTED))
  const other = await startTestRunner({ natsUrl: broker.url, providerUrl: provider.url, database })
  other.contents.set(promptId, 'Hello?')
  try {
    const ended = await other.ended(testId)
    expect(ended).toMatchObject(ranTwice(reservedMicros))
    expect(await readMetric(other.metricsUrl, 'tests_discarded_total')).toBe(0)
    await passed(stalledAt, 20_000)
    process.kill(worker.pid, 'SIGCONT')
    const discarded = () => readMetric(`http://127.0.0.1:${metricsPort}/metrics`, 'tests_discarded_total')
    await until('its outcome to be discarded', async () => (await discarded()) === 1)
    expect(await other.read(testId)).toEqual(ended)
    expect(await other.disagreements()).toEqual([])
    expect(calls).toHaveLength(2)
  } finally {
    await other.stop()
  }
})

test('a worker whose database is gone for 12 s gives its call up before another may run the test: there are two calls', async () => {
  const proxy = await startTcpProxy(database.url)
  const env = { PF_POSTGRES_URL: proxy.url }
  const runner = await startTestRunner({
    natsUrl: broker.url,
    providerUrl: provider.url,
    database: { ...database, env },
  })
  try {
    const { testId, reservedMicros } = await runner.run('Hello?')
    await called(1)
    await runner.silenced(async () => {
      proxy.swallow()
      const goneAt = Date.now()
      await until('the call to be given up', () => calls[0]!.closed)
      const [row] = await database.query<{ is_held: boolean }>(
        'select lease_until > now() as is_held from prompt_tests where id = $1',
        [testId],
      )
      expect(row).toEqual({ is_held: true })
      expect(await readMetric(runner.metricsUrl, 'tests_discarded_total')).toBe(1)
      await passed(goneAt, 12_000)
      proxy.restore()
      await called(2)
    })
    expect(await runner.ended(testId)).toMatchObject(ranTwice(reservedMicros))
    expect(await runner.disagreements()).toEqual([])
    expect(calls).toHaveLength(2)
  } finally {
    await runner.stop()
    proxy.close()
  }
})
