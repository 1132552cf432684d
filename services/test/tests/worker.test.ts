import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { jetstream } from '@nats-io/jetstream'
import { jobCause } from '#chassis/cause.ts'
import { readMetric } from '#chassis/testing/metric.ts'
import { until } from '#chassis/testing/until.ts'
import { JOBS } from '#contracts/events.ts'
import { TestJob } from '#contracts/gen/promptforge/test/v1/test_events.ts'
import {
  PromptTest_ErrorCode as ErrorCode,
  PromptTest_Status as Status,
  PromptTest_UsageSource as UsageSource,
} from '#contracts/gen/promptforge/test/v1/test.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { CANCEL_SUBJECT } from '../worker/cancelling.ts'
import { DIALECTS } from './dialects.ts'
import { startTestRunner, type TestRunner } from './harness.ts'
import { answerJson, type Asked, beginEvents, type ProviderServer, startProviderServer } from './provider-server.ts'

const KEY = 'sk-test-0123456789abcdefghij'
const { begin, text, end, error } = DIALECTS['openai-compatible']
const COUNTED = { fresh: 10, cacheRead: 0, cacheWrite: 0, text: 2, reasoning: 0 }

let broker: TestBroker
let provider: ProviderServer
let runner: TestRunner
/** How the provider answers; a test says it. */
let answer: (response: ServerResponse, asked: Asked) => unknown

const hello = (response: ServerResponse) => {
  beginEvents(response)
  response.end(begin(COUNTED) + text('Hello') + text(' there') + end('stop', COUNTED))
}

/** Begins a response, and leaves it at that. */
const half = (response: ServerResponse) => {
  beginEvents(response)
  response.write(begin(COUNTED) + text('Hello'))
}

beforeAll(async () => {
  broker = await startTestBroker()
  provider = await startProviderServer((response, asked) => answer(response, asked))
  runner = await startTestRunner({ natsUrl: broker.url, providerUrl: provider.url, key: KEY })
})
afterEach(async () => {
  provider.journal.length = 0
  // Whatever happened: money is what the rows say.
  expect(await runner.disagreements()).toEqual([])
})
afterAll(async () => {
  await runner.stop()
  await provider.stop()
  await broker.stop()
})

const sql = <T extends object>(query: string, params: unknown[] = []) => runner.database.query<T>(query, params)

const asked = (count = 1) => until('the provider to be asked', () => provider.journal.length === count)

/** Sends a hint for a test, once more. */
const hint = (testId: string) =>
  jetstream(broker.connection).publish(`${JOBS.testRun.subject}.sandbox`, TestJob.encode({ testId }).finish())

/** Has a sweep find a test at once that it would find in a minute, or when its lease is over. */
const makeOverdue = (testId: string) =>
  sql(
    `update prompt_tests set dispatched_at = now() - interval '1 hour', not_before = null,
      lease_until = case when status = 'RUNNING' then now() - interval '1 s' end
    where id = $1`,
    [testId],
  )

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
    await makeOverdue(testId)
    await until('it to run again', () => provider.journal.length === 2)
    await runner.ended(testId)
  })

  test('that is nonsense, or of a test that there is not, is taken off the queue', async () => {
    await hint('00000000-0000-7000-8000-000000000000')
    await until('the queue to be empty', async () => (await broker.messages('PF_TEST_JOBS')).length === 0)
    expect(provider.journal).toEqual([])
  })
})

describe('a worker that is lost', () => {
  test('has its test run again once, and the lost call is paid, too', async () => {
    answer = half
    const { testId, reservedMicros } = await runner.run('Hello?')
    await asked()
    answer = hello
    // As if it had been killed: nobody renews the lease.
    await sql(`update prompt_tests set worker_id = gen_random_uuid() where id = $1`, [testId])
    await makeOverdue(testId)
    expect(await runner.ended(testId)).toMatchObject({
      status: Status.COMPLETED,
      attempts: 2,
      costMicros: reservedMicros + 18n,
      usageSource: UsageSource.ESTIMATED,
    })
    expect(provider.journal).toHaveLength(2)
  })

  test('for the second time lets it fail, so that at most two calls have an unknown end', async () => {
    answer = half
    const { testId, reservedMicros } = await runner.run('Hello?')
    for (const attempt of [1, 2]) {
      await asked(attempt)
      await until('it to run', async () => (await runner.read(testId)).attempts === attempt)
      await sql(`update prompt_tests set worker_id = gen_random_uuid() where id = $1`, [testId])
      await makeOverdue(testId)
    }
    expect(await runner.ended(testId)).toMatchObject({
      errorCode: ErrorCode.WORKER_LOST,
      attempts: 2,
      costMicros: reservedMicros * 2n,
      usageSource: UsageSource.ESTIMATED,
    })
    expect(provider.journal).toHaveLength(2)
  })

  test('when the budget does not allow another call lets it fail at once', async () => {
    answer = half
    const { budget } = await runner.tests.getBudget({}, { token: runner.token })
    const { testId, reservedMicros } = await runner.run('Hello?')
    await asked()
    await runner.tests.setBudget({ dailyLimitMicros: budget!.spentMicros + reservedMicros }, { token: runner.token })
    await sql(`update prompt_tests set worker_id = gen_random_uuid() where id = $1`, [testId])
    await makeOverdue(testId)
    expect(await runner.ended(testId)).toMatchObject({
      errorCode: ErrorCode.WORKER_LOST,
      attempts: 1,
      costMicros: reservedMicros,
    })
    await runner.tests.setBudget({ dailyLimitMicros: 10_000_000n }, { token: runner.token })
  })

  test('and takes the same test up again watches over it, although the lost call ends meanwhile', async () => {
    const responses: ServerResponse[] = []
    answer = (response) => {
      responses.push(response)
      half(response)
    }
    const discarded = () => readMetric(runner.metricsUrl, 'tests_discarded_total')
    const before = await discarded()
    const { testId, reservedMicros } = await runner.run('Hello?')
    await asked()
    await sql(`update prompt_tests set worker_id = gen_random_uuid() where id = $1`, [testId])
    await makeOverdue(testId)
    // At once: the worker has not noticed yet.
    await runner.service.context.worker.jobs[0]!.run(new AbortController().signal, jobCause('sweep tests'))
    await asked(2)
    responses[0]!.end(end('stop', COUNTED))
    await until('the lost call to end', async () => (await discarded()) > before)
    await runner.tests.cancelTest({ testId }, { token: runner.token })
    expect(await runner.ended(testId)).toMatchObject({
      errorCode: ErrorCode.CANCELLED,
      // The worker has stored it, not a sweep.
      response: 'Hello',
      attempts: 2,
      costMicros: reservedMicros * 2n,
    })
  })

  test('does not store what came of its call', async () => {
    const { promise: open, resolve: release } = Promise.withResolvers<void>()
    answer = async (response) => {
      half(response)
      await open
      response.end(text(' too late') + end('stop', COUNTED))
    }
    const { testId } = await runner.run('Hello?')
    await asked()
    answer = hello
    await sql(`update prompt_tests set worker_id = gen_random_uuid() where id = $1`, [testId])
    release()
    await makeOverdue(testId)
    expect(await runner.ended(testId)).toMatchObject({ response: 'Hello there', attempts: 2 })
  })
})
