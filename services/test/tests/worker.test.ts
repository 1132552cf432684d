import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { jetstream } from '@nats-io/jetstream'
import { until } from '#chassis/testing/until.ts'
import { JOBS } from '#contracts/events.ts'
import { TestJob } from '#contracts/gen/promptforge/test/v1/test_events.ts'
import {
  PromptTest_ErrorCode as ErrorCode,
  PromptTest_Status as Status,
  PromptTest_UsageSource as UsageSource,
} from '#contracts/gen/promptforge/test/v1/test.ts'
import type { TestBroker } from '../../dev-env/infra/test-broker.ts'
import { CANCEL_SUBJECT } from '../worker/cancelling.ts'
import { COUNTED, half, hello, startCallingRunner } from './calling-runner.ts'
import { DIALECTS } from './dialects.ts'
import { makeOverdue, type TestRunner } from './harness.ts'
import { answerJson, type Asked, beginEvents, type ProviderServer } from './provider-server.ts'

const KEY = 'sk-test-0123456789abcdefghij'
const { begin, text, end, error } = DIALECTS['openai-compatible']

let broker: TestBroker
let provider: ProviderServer
let runner: TestRunner
let stop: () => Promise<void>
/** How the provider answers; a test says it. */
let answer: (response: ServerResponse, asked: Asked) => unknown

beforeAll(async () => {
  const answering = (response: ServerResponse, asked: Asked) => answer(response, asked)
  ;({ broker, provider, runner, stop } = await startCallingRunner(answering, (providerUrl) => ({
    providerUrl,
    key: KEY,
  })))
})
afterEach(async () => {
  provider.journal.length = 0
  // Whatever happened: money is what the rows say.
  expect(await runner.disagreements()).toEqual([])
})
afterAll(() => stop())

const sql = <T extends object>(query: string, params: unknown[] = []) => runner.database.query<T>(query, params)

const asked = (count = 1) => until('the provider to be asked', () => provider.journal.length === count)

/** Sends a hint for a test, once more. */
const hint = (testId: string) =>
  jetstream(broker.connection).publish(`${JOBS.testRun.subject}.sandbox`, TestJob.encode({ testId }).finish())

describe('a run', () => {
  test('is asked of the provider once, and stored with what it cost and said', async () => {
    answer = hello
    const { testId } = await runner.run('Hello?')
    expect(await runner.ended(testId)).toMatchObject({
      status: Status.COMPLETED,
      response: 'Hello there',
      usage: { inputTokens: 10n, outputTokens: 2n },
      usageSource: UsageSource.PROVIDER,
      // 10 × $1 and 2 × $4 a million.
      costMicros: 18n,
      attempts: 1,
    })
    expect(provider.journal).toHaveLength(1)
    const [row] = await sql<{ cost: string; token_count: number }>(
      'select cost, token_count from prompt_tests where id = $1',
      [testId],
    )
    expect(row).toEqual({ cost: '0.0000', token_count: 12 })
  })

  test('has an event when it has ended, without the text', async () => {
    answer = (response) => answerJson(response, 400, error('no'))
    const { testId } = await runner.run('Hello?')
    await runner.ended(testId)
    const [row] = await sql<{ payload: any }>(
      `select payload from outbox where subject = 'pf.test.test.failed.v1' and payload::text like $1`,
      [`%${testId}%`],
    )
    expect(row!.payload).toMatchObject({
      metadata: { aggregateId: testId },
      costMicros: 0,
      errorCode: 'PROVIDER_ERROR',
    })
  })

  test.each([401, 500])('shows nothing of the key in the row, the events and the answer to %i', async (status) => {
    answer = (response) => answerJson(response, status, error(`Incorrect API key: ${KEY}`))
    const { testId } = await runner.run('Hello?')
    const ended = await runner.ended(testId)
    expect(provider.journal[0]!.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(ended).toMatchObject({
      status: Status.FAILED,
      errorMessage: `sandbox answered ${status}: (not shown: it has a part of the key)`,
    })
    const rows = await sql('select t::text from prompt_tests t union all select o::text from outbox o')
    expect(JSON.stringify(rows)).not.toContain(KEY.slice(0, 8))
  })

  test('whose provider says nothing of tokens costs what was reserved, and says that it is an estimate', async () => {
    answer = (response) => {
      beginEvents(response)
      response.end(begin(COUNTED) + text('Hello') + end('stop', undefined))
    }
    const { testId, reservedMicros } = await runner.run('Hello?')
    expect(await runner.ended(testId)).toMatchObject({
      status: Status.COMPLETED,
      usage: undefined,
      usageSource: UsageSource.ESTIMATED,
      costMicros: reservedMicros,
    })
  })

  test('that is cut keeps what had come, and costs what was reserved', async () => {
    answer = (response) => {
      beginEvents(response)
      response.end(begin(COUNTED) + text('Hello'))
    }
    const { testId, reservedMicros } = await runner.run('Hello?')
    expect(await runner.ended(testId)).toMatchObject({
      status: Status.FAILED,
      errorCode: ErrorCode.PROVIDER_CUT,
      response: 'Hello',
      costMicros: reservedMicros,
    })
  })

  test.each([
    ['that is refused', JSON.stringify({ error: { message: 'busy', code: 429 } })],
    ['that is nonsense', '{"half":'],
  ])('%s in the middle fails, is not tried again, and costs what was reserved', async (_, data) => {
    answer = (response) => {
      beginEvents(response)
      response.end(`${begin(COUNTED)}${text('Hello')}data: ${data}\n\n`)
    }
    const { testId, reservedMicros } = await runner.run('Hello?')
    expect(await runner.ended(testId)).toMatchObject({
      status: Status.FAILED,
      errorCode: ErrorCode.PROVIDER_ERROR,
      response: 'Hello',
      attempts: 1,
      costMicros: reservedMicros,
    })
    expect(provider.journal).toHaveLength(1)
  })

  test('of characters that a database cannot store has others in their place', async () => {
    answer = (response) => {
      beginEvents(response)
      response.end(begin(COUNTED) + text('a\0b\ud800c') + text('\ud83d') + text('\ude00') + end('stop', COUNTED))
    }
    const { testId } = await runner.run('Hello?')
    expect(await runner.ended(testId)).toMatchObject({ status: Status.COMPLETED, response: 'a\ufffdb\ufffdc😀' })
  })
})

describe('cancelling', () => {
  test('ends a run within a second or so, closes the connection, and costs what was reserved', async () => {
    answer = half
    const { testId, reservedMicros } = await runner.run('Hello?')
    await asked()
    const { test: cancelled } = await runner.tests.cancelTest({ testId }, { token: runner.token })
    expect(cancelled).toMatchObject({ status: Status.RUNNING, cancelRequested: true })
    expect(await runner.ended(testId)).toMatchObject({
      status: Status.FAILED,
      errorCode: ErrorCode.CANCELLED,
      errorMessage: 'cancelled',
      response: 'Hello',
      costMicros: reservedMicros,
    })
    await until('the connection to be closed', async () => (await provider.connections()) === 0)
  })

  test('is told on NATS to the replica that runs it, which need not look at the row', async () => {
    answer = half
    const { testId } = await runner.run('Hello?')
    await asked()
    const told: string[] = []
    const hearing = broker.connection.subscribe(CANCEL_SUBJECT, {
      callback: (_, message) => void told.push(message.string()),
    })
    await broker.connection.flush()
    // Of one that it does not run it takes no notice.
    broker.connection.publish(CANCEL_SUBJECT, '00000000-0000-7000-8000-000000000000')
    broker.connection.publish(CANCEL_SUBJECT, testId)
    expect(await runner.ended(testId)).toMatchObject({ errorCode: ErrorCode.CANCELLED, cancelRequested: false })

    const { testId: second } = await runner.run('Hello?')
    await asked(2)
    await runner.tests.cancelTest({ testId: second }, { token: runner.token })
    await until('the replicas to be told', () => told.at(-1) === second)
    await runner.ended(second)
    hearing.unsubscribe()
  })

  test('while NATS is down ends a run all the same', async () => {
    answer = half
    const { testId } = await runner.run('Hello?')
    await asked()
    await runner.silenced(() =>
      broker.away(async () => {
        await runner.tests.cancelTest({ testId }, { token: runner.token })
        expect(await runner.ended(testId)).toMatchObject({ errorCode: ErrorCode.CANCELLED })
      }),
    )
  })
})

describe('a provider that has too much to do', () => {
  test('is left alone for as long as it says, and the attempt does not count', async () => {
    let refusals = 0
    answer = (response) => {
      if (refusals > 0) return hello(response)
      refusals += 1
      return answerJson(response, 429, error('busy'), { 'retry-after': '1' })
    }
    const { testId } = await runner.run('Hello?')
    await until('the test to wait', async () => {
      const [row] = await sql<{ waits: boolean }>(
        'select not_before > created_at as waits from prompt_tests where id = $1',
        [testId],
      )
      return row!.waits
    })
    expect(await runner.read(testId)).toMatchObject({ status: Status.PENDING, attempts: 0, costMicros: 0n })
    expect(await runner.ended(testId)).toMatchObject({ status: Status.COMPLETED, attempts: 1, costMicros: 18n })
    expect(provider.journal).toHaveLength(2)
  })

  test('for ten minutes lets the test fail, which costs nothing', async () => {
    answer = (response) => answerJson(response, 503, error('busy'))
    const { testId } = await runner.run('Hello?')
    await asked()
    await until('the test to wait', async () => (await runner.read(testId)).attempts === 0)
    await sql(
      `update prompt_tests set throttled_since = now() - interval '11 minutes', not_before = null where id = $1`,
      [testId],
    )
    await hint(testId)
    expect(await runner.ended(testId)).toMatchObject({ errorCode: ErrorCode.THROTTLED, costMicros: 0n, response: '' })
  })
})

describe('a hint', () => {
  test('that comes three times has the provider asked once', async () => {
    answer = hello
    const { testId } = await runner.run('Hello?')
    await Promise.all([hint(testId), hint(testId)])
    await runner.ended(testId)
    await until('the queue to be empty', async () => (await broker.messages('PF_TEST_JOBS')).length === 0)
    expect(await runner.read(testId)).toMatchObject({ attempts: 1 })
    expect(provider.journal).toHaveLength(1)
  })

  test('of what was asked for while NATS was down comes when it is back', async () => {
    answer = hello
    let testId = ''
    await runner.silenced(() =>
      broker.away(async () => {
        testId = (await runner.run('Hello?')).testId
        expect(await runner.read(testId)).toMatchObject({ status: Status.PENDING })
      }, 'kill'),
    )
    expect(await runner.ended(testId)).toMatchObject({ status: Status.COMPLETED })
  })

  test('that was lost is sent again', async () => {
    answer = hello
    const { testId } = await runner.run('Hello?')
    await runner.ended(testId)
    await sql(`update prompt_tests set status = 'PENDING', completed_at = null, reserved_micros = 0 where id = $1`, [
      testId,
    ])
    await sql('update budgets set unfinished = unfinished + 1')
    await makeOverdue(runner, testId)
    await until('it to run again', () => provider.journal.length === 2)
    await runner.ended(testId)
  })

  test('that is nonsense, or of a test that there is not, is taken off the queue', async () => {
    await hint('00000000-0000-7000-8000-000000000000')
    await until('the queue to be empty', async () => (await broker.messages('PF_TEST_JOBS')).length === 0)
    expect(provider.journal).toEqual([])
  })
})
