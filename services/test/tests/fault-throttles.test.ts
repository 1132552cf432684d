import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { until } from '#chassis/testing/until.ts'
import { PromptTest_Status as Status } from '#contracts/gen/promptforge/test/v1/test.ts'
import type { TestBroker } from '../../dev-env/infra/test-broker.ts'
import { COUNTED, startCallingRunner } from './calling-runner.ts'
import { DIALECTS } from './dialects.ts'
import { startTestRunner, type TestRunner } from './harness.ts'
import { answerJson, beginEvents, type ProviderServer } from './provider-server.ts'

const { begin, text, end, error } = DIALECTS['openai-compatible']

let broker: TestBroker
let provider: ProviderServer
let runner: TestRunner
let stop: () => Promise<void>
/** The `Retry-After` of the next call, which is refused. Undefined: it is answered. */
let retryAfter: string | undefined
/** When the provider was asked, milliseconds. */
let askedAt: number[] = []

const answer = (response: ServerResponse) => {
  askedAt.push(Date.now())
  const seconds = retryAfter
  retryAfter = undefined
  if (seconds !== undefined) return answerJson(response, 429, error('busy'), { 'retry-after': seconds })
  beginEvents(response)
  return response.end(begin(COUNTED) + text('Hello') + end('stop', COUNTED))
}

const startRunner = (more: object = {}) => startTestRunner({ natsUrl: broker.url, providerUrl: provider.url, ...more })

beforeAll(async () => {
  ;({ broker, provider, runner, stop } = await startCallingRunner(answer))
})
afterEach(async () => {
  askedAt = []
  expect(await runner.disagreements()).toEqual([])
})
afterAll(() => stop())

/** Milliseconds for which the lane is still to be left alone, by the database's clock. */
async function pause(): Promise<number> {
  const [row] = await runner.database.query<{ ms: number }>(
    `select extract(epoch from until - now())::float8 * 1000 as ms from provider_throttles where lane = 'sandbox'`,
  )
  return row?.ms ?? 0
}

test('a provider that says when it has less to do is left alone until then by every replica', async () => {
  retryAfter = '2'
  const throttled = await runner.run('one')
  await until('the provider to be asked', () => askedAt.length === 1)
  await until('all to know', async () => (await pause()) > 0)
  // One that has just started has been told nothing.
  const other = await startRunner({ database: runner.database })
  try {
    const waiting = await Promise.all(Array.from({ length: 8 }, (_, n) => other.run(`more ${n}`)))
    for (const { testId } of [throttled, ...waiting])
      expect(await runner.ended(testId)).toMatchObject({ status: Status.COMPLETED, attempts: 1, costMicros: 18n })
  } finally {
    await other.stop()
  }
  expect(askedAt).toHaveLength(10)
  const [first = 0, ...later] = askedAt
  expect(Math.min(...later) - first).toBeGreaterThanOrEqual(2000)
})

test('one that asks for two minutes is left alone for one', async () => {
  retryAfter = '120'
  const { testId } = await runner.run('one')
  await until(
    'the test to wait',
    async () => (await runner.read(testId)).status === Status.PENDING && askedAt.length > 0,
  )
  await until('all to know', async () => (await pause()) > 0)
  expect(await pause()).toBeGreaterThan(50_000)
  expect(await pause()).toBeLessThanOrEqual(60_000)
  const [row] = await runner.database.query<{ ms: number }>(
    'select extract(epoch from not_before - now())::float8 * 1000 as ms from prompt_tests where id = $1',
    [testId],
  )
  expect(row!.ms).toBeLessThanOrEqual(60_000)
  expect(row!.ms).toBeGreaterThan(50_000)
  await runner.tests.cancelTest({ testId }, { token: runner.token })
  expect(await runner.ended(testId)).toMatchObject({ status: Status.FAILED, attempts: 0, costMicros: 0n })
})
