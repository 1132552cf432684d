import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { jobCause } from '#chassis/cause.ts'
import { readMetric } from '#chassis/testing/metric.ts'
import { until } from '#chassis/testing/until.ts'
import {
  PromptTest_ErrorCode as ErrorCode,
  PromptTest_Status as Status,
  PromptTest_UsageSource as UsageSource,
} from '#contracts/gen/promptforge/test/v1/test.ts'
import { COUNTED, half, hello, startCallingRunner } from './calling-runner.ts'
import { DIALECTS } from './dialects.ts'
import { makeOverdue, type TestRunner } from './harness.ts'
import type { Asked, ProviderServer } from './provider-server.ts'

const { text, end } = DIALECTS['openai-compatible']

let provider: ProviderServer
let runner: TestRunner
let stop: () => Promise<void>
/** How the provider answers; a test says it. */
let answer: (response: ServerResponse, asked: Asked) => unknown

beforeAll(async () => {
  ;({ provider, runner, stop } = await startCallingRunner((response, asked) => answer(response, asked)))
})
afterEach(async () => {
  provider.journal.length = 0
  // Whatever happened: money is what the rows say.
  expect(await runner.disagreements()).toEqual([])
})
afterAll(() => stop())

const sql = <T extends object>(query: string, params: unknown[] = []) => runner.database.query<T>(query, params)

const asked = (count = 1) => until('the provider to be asked', () => provider.journal.length === count)

describe('a worker that is lost', () => {
  test('has its test run again once, and the lost call is paid, too', async () => {
    answer = half
    const { testId, reservedMicros } = await runner.run('Hello?')
    await asked()
    answer = hello
    // As if it had been killed: nobody renews the lease.
    await sql(`update prompt_tests set worker_id = gen_random_uuid() where id = $1`, [testId])
    await makeOverdue(runner, testId)
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
      await makeOverdue(runner, testId)
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
    await makeOverdue(runner, testId)
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
    await makeOverdue(runner, testId)
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
    await makeOverdue(runner, testId)
    expect(await runner.ended(testId)).toMatchObject({ response: 'Hello there', attempts: 2 })
  })
})
