import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { v7 } from 'uuid'
import { rejection } from '#chassis/testing/rejection.ts'
import {
  ComparisonServiceService,
  type RunComparisonRequest,
} from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import { PromptTest_Status } from '#contracts/gen/promptforge/test/v1/test.ts'
import { RUNNER, startTestRunner, type TestRunner } from './harness.ts'

let runner: TestRunner
let comparisons: ReturnType<typeof stubOf>

const stubOf = (service: TestRunner) => service.stub(ComparisonServiceService)

// No NATS: what is asked for stays PENDING.
beforeAll(async () => {
  runner = await startTestRunner()
  comparisons = stubOf(runner)
})
afterAll(() => runner.stop())

const ECHO = { modelProvider: 'sandbox', modelName: 'echo' }

async function newUser() {
  const userId = v7()
  const token = await runner.identity.tokenFor({ ...RUNNER, userId })
  const promptId = runner.newPrompt('Hello {{name}}')
  const run = async (more: Partial<RunComparisonRequest> = {}) => {
    const request = {
      promptId,
      name: 'All',
      notes: '',
      versions: [],
      models: [ECHO],
      repeats: 2,
      values: { name: 'Ann' },
    }
    return (await comparisons.runComparison({ ...request, ...more }, { token })).comparison!
  }
  const tests = () =>
    runner.database.query<{ count: string }>('select count(*) from prompt_tests where user_id = $1', [userId])
  const budget = async () => (await runner.tests.getBudget({}, { token })).budget!
  return { userId, token, promptId, run, tests, budget }
}

test('every version runs on every model as often as asked for, side by side in that order', async () => {
  const { run, promptId, budget } = await newUser()
  const slow = { ...ECHO, modelName: 'slow-10', temperature: 0.5, maxTokens: 100 }
  const comparison = await run({ models: [ECHO, slow] })
  expect(comparison.progress).toEqual({ unfinished: 4, completed: 0, failed: 0 })
  expect(comparison.tests.map(({ modelName, temperature, maxTokens }) => [modelName, temperature, maxTokens])).toEqual([
    ['echo', undefined, 1024],
    ['echo', undefined, 1024],
    ['slow-10', 0.5, 100],
    ['slow-10', 0.5, 100],
  ])
  expect(comparison.tests[0]).toMatchObject({ promptId, promptVersion: 1, status: PromptTest_Status.PENDING })
  const sum = comparison.tests.reduce((micros, { reservedMicros }) => micros + reservedMicros, 0n)
  expect((await budget()).reservedMicros).toBe(sum)
  expect(await runner.disagreements()).toEqual([])
})

test('each test has its event and its hint to the workers, and the comparison its event', async () => {
  const { userId, run } = await newUser()
  const { comparisonId, tests } = await run({ repeats: 3 })
  const rows = await runner.database.query<{ subject: string }>(
    `select subject from outbox where payload::text like $1 or payload->>'testId' = any($2) order by id`,
    [`%${userId}%`, tests.map(({ testId }) => testId)],
  )
  const counts = Object.groupBy(rows, ({ subject }) => subject)
  expect(Object.fromEntries(Object.entries(counts).map(([subject, of]) => [subject, of!.length]))).toEqual({
    'pf.test.test.requested.v1': 3,
    'pf.job.test.run.v1.sandbox': 3,
    'pf.test.comparison.created.v1': 1,
  })
  expect(comparisonId).toMatch(/^[0-9a-f-]{36}$/)
})

test('it is made once for a request_id', async () => {
  const { run, tests } = await newUser()
  const requestId = randomUUID()
  const made = await Promise.all([1, 2, 3].map(() => run({ requestId })))
  expect(new Set(made.map(({ comparisonId }) => comparisonId)).size).toBe(1)
  expect(await tests()).toEqual([{ count: '2' }])
  expect(await runner.disagreements()).toEqual([])
})

test('when the budget allows some of them only, none is run', async () => {
  const { token, run, tests, budget } = await newUser()
  const { reservedMicros } = (await run()).tests[0]!
  await runner.tests.setBudget({ dailyLimitMicros: reservedMicros * 5n }, { token })
  const error = await rejection(run({ repeats: 4 }))
  expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'BUDGET_EXCEEDED' })
  expect(await tests()).toEqual([{ count: '2' }])
  await run({ repeats: 3 })
  expect((await budget()).reservedMicros).toBe(reservedMicros * 5n)
})

test('when there are seats for some of them only, none is run, also when many ask at once', async () => {
  const { run, tests } = await newUser()
  const asked = [1, 2, 3, 4, 5].map(() => run({ repeats: 30 }))
  const errors = await Promise.all(asked.map((answer) => rejection(answer).catch(() => undefined)))
  expect(errors.flatMap((error) => error?.reason ?? [])).toEqual(['TOO_MANY_TESTS', 'TOO_MANY_TESTS'])
  expect(await tests()).toEqual([{ count: '90' }])
  expect(await runner.disagreements()).toEqual([])
})

test.each<[string, Partial<RunComparisonRequest>, string[]]>([
  ['one test', { repeats: 1 }, ['repeats']],
  ['51 tests', { models: [ECHO, ECHO, ECHO], repeats: 17 }, ['repeats']],
  ['no model', { models: [] }, ['models']],
  ['a version twice', { versions: [1, 1] }, ['versions']],
  ['no name', { name: '' }, ['name']],
  [
    'models that there are not',
    { models: [ECHO, { ...ECHO, modelName: 'gpt-0' }, { ...ECHO, maxTokens: 4097 }] },
    ['models[1].model_name', 'models[2].max_tokens'],
  ],
  ['a value of nothing in the prompt', { values: { name: 'Ann', other: 'x' } }, ['values["other"]']],
])('%s is refused, and nothing is run', async (_, more, fields) => {
  const { run, tests } = await newUser()
  const error = await rejection(run(more))
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT })
  expect(error.violations.map(({ field }) => field)).toEqual(fields)
  expect(await tests()).toEqual([{ count: '0' }])
})

test('a prompt that the caller may not read does not exist', async () => {
  const { run } = await newUser()
  expect(await rejection(run({ promptId: v7() }))).toMatchObject({ code: status.NOT_FOUND })
})
