import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { readStatus } from '#chassis/grpc/status.ts'
import { until } from '#chassis/testing/until.ts'
import { v7 } from 'uuid'
import { PromptTest_Status } from '#contracts/gen/promptforge/test/v1/test.ts'
import { CreateSuiteRequest, SuiteServiceService } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import { RUNNER, startTestRunner, type TestRunner } from './harness.ts'

let runner: TestRunner

// No NATS: what is asked for stays PENDING.
beforeAll(async () => {
  runner = await startTestRunner()
})
afterAll(() => runner.stop())

const STRANGER = v7()

const failed = (work: Promise<unknown>) =>
  work.then(
    () => ({ code: status.OK }),
    (error) => readStatus(error),
  )

/** A user of the test's own, whose budget is untouched. */
async function newUser() {
  const userId = v7()
  return { userId, token: await runner.identity.tokenFor({ ...RUNNER, userId }) }
}

const request = (more: object = {}) => ({
  promptId: runner.newPrompt('Hello'),
  which: undefined,
  values: {},
  modelProvider: 'sandbox',
  modelName: 'echo',
  ...more,
})

// 5 bytes and 256 more at the dearest input, $1.25 a million, and 1,000 tokens at $4: 4,326.25 millionths, rounded up.
const BOUND = 4327n

describe('a test that is asked for', () => {
  test('waits, with the most that it can cost reserved', async () => {
    const { token } = await newUser()
    const { test: asked } = await runner.tests.runTest(request({ maxTokens: 1000 }), { token })
    expect(asked).toMatchObject({
      status: PromptTest_Status.PENDING,
      reservedMicros: BOUND,
      costMicros: 0n,
      attempts: 0,
    })
    const { budget } = await runner.tests.getBudget({}, { token })
    expect(budget).toMatchObject({ spentMicros: 0n, reservedMicros: BOUND })
  })

  test('has an event, without the text, and a hint for the workers', async () => {
    const { test: asked } = await runner.tests.runTest(request(), { token: runner.token })
    const rows = await runner.database.query<{ subject: string; payload: any }>(
      `select subject, payload from outbox where payload::text like $1 order by subject`,
      [`%${asked!.testId}%`],
    )
    expect(rows).toEqual([
      { subject: 'pf.job.test.run.v1.sandbox', payload: { testId: asked!.testId } },
      {
        subject: 'pf.test.test.requested.v1',
        payload: {
          metadata: { aggregateId: asked!.testId, aggregateRevision: 1 },
          actor: { userId: RUNNER.userId, username: '' },
          tested: { promptId: asked!.promptId, promptVersion: 1, modelProvider: 'sandbox', modelName: 'echo' },
        },
      },
    ])
  })

  test('is made once for a request_id, and another request with it is refused', async () => {
    const { token } = await newUser()
    const first = request({ requestId: randomUUID() })
    const answers = await Promise.all([1, 2, 3, 4].map(() => runner.tests.runTest(first, { token })))
    expect(new Set(answers.map(({ test: { testId } = {} }) => testId)).size).toBe(1)
    const { budget } = await runner.tests.getBudget({}, { token })
    expect(budget!.reservedMicros).toBe(answers[0]!.test!.reservedMicros)
    const other = { ...first, maxTokens: 7 }
    expect(await failed(runner.tests.runTest(other, { token }))).toMatchObject({ reason: 'REQUEST_ID_REUSED' })
    expect(await runner.disagreements()).toEqual([])
  })

  test.each([
    ['a model that there is not', { modelName: 'gpt-0' }, 'model_name'],
    ['a provider that there is not', { modelProvider: 'acme' }, 'model_name'],
    ['more tokens than the model generates', { maxTokens: 4097 }, 'max_tokens'],
    ['no tokens', { maxTokens: 0 }, 'max_tokens'],
    ['a temperature that is no number', { temperature: Number.NaN }, 'temperature'],
    ['a temperature above 2', { temperature: 2.1 }, 'temperature'],
    ['a value of nothing in the prompt', { values: { other: 'x' } }, 'values["other"]'],
    ['a version below 1', { which: { $case: 'version', value: 0 } }, 'version'],
  ])('%s is refused, and nothing is reserved', async (_, more, field) => {
    const { token } = await newUser()
    const error = await failed(runner.tests.runTest(request(more) as never, { token }))
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field }] })
    expect((await runner.tests.getBudget({}, { token })).budget!.reservedMicros).toBe(0n)
  })

  test('of a prompt that the caller may not read does not exist', async () => {
    const error = await failed(runner.tests.runTest(request({ promptId: v7() }), { token: runner.token }))
    expect(error).toMatchObject({ code: status.NOT_FOUND })
  })
})

describe('a budget', () => {
  test('that allows ten lets ten of 40 at once through, and no more', async () => {
    const { token } = await newUser()
    await runner.tests.setBudget({ dailyLimitMicros: BOUND * 10n }, { token })
    const asked = Array.from({ length: 40 }, () =>
      failed(runner.tests.runTest(request({ maxTokens: 1000 }), { token })),
    )
    const answers = await Promise.all(asked)
    const through = answers.filter(({ code }) => code === status.OK)
    expect(through).toHaveLength(10)
    expect(answers.find(({ code }) => code === status.RESOURCE_EXHAUSTED)).toMatchObject({
      reason: 'BUDGET_EXCEEDED',
      retryAfterMs: expect.any(Number),
    })
    expect(await runner.disagreements()).toEqual([])
  })

  test('that refused a request leaves its request_id free', async () => {
    const { token } = await newUser()
    const asked = request({ requestId: randomUUID() })
    await runner.tests.setBudget({ dailyLimitMicros: 1n }, { token })
    expect(await failed(runner.tests.runTest(asked, { token }))).toMatchObject({ reason: 'BUDGET_EXCEEDED' })
    await runner.tests.setBudget({ dailyLimitMicros: 1_000_000n }, { token })
    expect(await failed(runner.tests.runTest(asked, { token }))).toMatchObject({ code: status.OK })
  })

  test('is the operator’s default until it is set, and at most what the operator allows', async () => {
    const { token } = await newUser()
    expect((await runner.tests.getBudget({}, { token })).budget).toMatchObject({ dailyLimitMicros: 1_000_000n })
    const error = await failed(runner.tests.setBudget({ dailyLimitMicros: 10_000_001n }, { token }))
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'daily_limit_micros' }] })
    const { budget } = await runner.tests.setBudget({ dailyLimitMicros: 5n }, { token })
    expect(budget).toMatchObject({ dailyLimitMicros: 5n, spentMicros: 0n, reservedMicros: 0n })
  })
})

test('nobody has more than 100 tests that have not ended', async () => {
  const { token } = await newUser()
  await runner.tests.setBudget({ dailyLimitMicros: 10_000_000n }, { token })
  const ask = () => failed(runner.tests.runTest(request({ maxTokens: 1 }), { token }))
  const askAtOnce = (count: number) => Promise.all(Array.from({ length: count }, ask))
  const isIn = ({ code }: { code: number }) => code === status.OK
  for (let round = 0; round < 10; round++) expect((await askAtOnce(9)).filter(isIn)).toHaveLength(9)
  const answers = await askAtOnce(20)
  expect(answers.filter(isIn)).toHaveLength(10)
  expect(answers.find((answer) => !isIn(answer))).toMatchObject({ reason: 'TOO_MANY_TESTS', retryAfterMs: 1000 })
  expect(await runner.disagreements()).toEqual([])
})

/** A run of a suite of one case, of a user of its own. */
async function newSuiteRun() {
  const { token } = await newUser()
  const suites = runner.stub(SuiteServiceService)
  const { suite } = await suites.createSuite(
    CreateSuiteRequest.fromPartial({
      promptId: runner.newPrompt('Hello'),
      name: 'Suite',
      settings: { modelProvider: 'sandbox', modelName: 'echo' },
      cases: [{ name: 'says', assertions: [{ check: { $case: 'contains', value: 'Hello' } }] }],
    }),
    { token },
  )
  const { run } = await suites.runSuite({ suiteId: suite!.suiteId, which: undefined, requestId: undefined }, { token })
  return run!.runId
}

test('when 10,000 tests of all users have not ended, suites aside, nobody begins another, and each is told when to come again', async () => {
  const { testId } = await runner.run('Hello')
  const { token } = await newUser()
  const ask = () => failed(runner.tests.runTest(request(), { token }))
  await runner.database.query(
    `insert into prompt_tests
     select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'user_id', $2::text))).*
     from prompt_tests t, generate_series(1, 10000) where t.id = $1`,
    [testId, STRANGER],
  )
  const isFull = async () => {
    const answer = await ask()
    return answer.code !== status.OK && answer
  }
  // Tests are counted once in a second.
  expect(await until('nobody to be let in', isFull)).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    reason: 'OVERLOADED',
    retryAfterMs: 5000,
  })
  // The same rows as tests of a suite's run do not count.
  const suiteRunId = await newSuiteRun()
  await runner.database.query(
    `update prompt_tests set kind = 'CASE', suite_run_id = $2, case_position = 0, case_name = 'says', repeat = 1 where user_id = $1`,
    [STRANGER, suiteRunId],
  )
  await until('room again', async () => (await ask()).code === status.OK)
  await runner.database.query('delete from prompt_tests where user_id = $1', [STRANGER])
})

describe('a test', () => {
  test('is seen by nobody but who asked for it', async () => {
    const { testId } = await runner.run('Hello')
    const { token } = await newUser()
    expect(await failed(runner.tests.getTest({ testId }, { token }))).toMatchObject({ code: status.NOT_FOUND })
    expect(await failed(runner.tests.cancelTest({ testId }, { token }))).toMatchObject({ code: status.NOT_FOUND })
    expect(await failed(runner.tests.retryTest({ testId }, { token }))).toMatchObject({ code: status.NOT_FOUND })
    expect((await runner.tests.listTests({ pageSize: 0, pageToken: '' }, { token })).tests).toEqual([])
  })

  test('whose version may not be read any more shows no texts, and cannot be repeated', async () => {
    const { testId, promptId } = await runner.run('Hello {{name}}', 'echo', { values: { name: 'Ann' } })
    runner.contents.delete(promptId)
    expect(await runner.read(testId)).toMatchObject({
      contentWithheld: true,
      promptContent: '',
      values: {},
      response: '',
    })
    expect(await failed(runner.tests.retryTest({ testId }, { token: runner.token }))).toMatchObject({
      code: status.NOT_FOUND,
    })
  })

  test('that waits ends at once when it is cancelled, costs nothing, and stays as it is when cancelled again', async () => {
    const { token } = await newUser()
    const { test: asked } = await runner.tests.runTest(request(), { token })
    const { testId } = asked!
    expect(await failed(runner.tests.retryTest({ testId }, { token }))).toMatchObject({ reason: 'TEST_NOT_ENDED' })
    const { test: cancelled } = await runner.tests.cancelTest({ testId }, { token })
    expect(cancelled).toMatchObject({
      status: PromptTest_Status.FAILED,
      errorMessage: 'cancelled',
      costMicros: 0n,
      reservedMicros: 0n,
      cancelRequested: true,
    })
    expect((await runner.tests.cancelTest({ testId }, { token })).test).toEqual(cancelled)
    expect((await runner.tests.getBudget({}, { token })).budget).toMatchObject({ spentMicros: 0n, reservedMicros: 0n })
    const { test: again } = await runner.tests.retryTest({ testId }, { token })
    expect(again).toMatchObject({ retryOf: testId, status: PromptTest_Status.PENDING, promptContent: 'Hello' })
    expect(await runner.disagreements()).toEqual([])
  })
})

test('a list has the caller’s tests, newest first, without texts, page by page and filtered', async () => {
  const { token } = await newUser()
  const promptId = runner.newPrompt('Hello')
  const ids: string[] = []
  for (const modelName of ['echo', 'fail', 'echo', 'echo', 'fail'])
    ids.unshift((await runner.tests.runTest(request({ promptId, modelName }), { token })).test!.testId)
  const list = async (more: object = {}) => runner.tests.listTests({ pageSize: 0, pageToken: '', ...more }, { token })
  const { tests, nextPageToken } = await list()
  expect(tests.map(({ testId }) => testId)).toEqual(ids)
  expect(tests[0]).toMatchObject({ promptContent: '', contentWithheld: false })
  expect(nextPageToken).toBe('')
  const first = await list({ pageSize: 2 })
  const second = await list({ pageSize: 10, pageToken: first.nextPageToken })
  expect([...first.tests, ...second.tests].map(({ testId }) => testId)).toEqual(ids)
  expect((await list({ modelName: 'fail' })).tests).toHaveLength(2)
  expect((await list({ status: PromptTest_Status.COMPLETED })).tests).toEqual([])
  expect((await list({ status: PromptTest_Status.PENDING, promptId })).tests).toHaveLength(5)
  expect((await list({ promptId: v7() })).tests).toEqual([])
  expect(await failed(list({ modelName: 'echo', pageToken: first.nextPageToken }))).toMatchObject({
    reason: 'PAGE_TOKEN_INVALID',
  })
})

test('the models are those of the operator’s file, with their prices', async () => {
  const { models } = await runner.tests.listModels({})
  expect(models.map(({ name }) => name)).toEqual([
    'cut',
    'echo',
    'fail',
    'flaky-*',
    'judge',
    'silent',
    'slow-*',
    'throttle-*',
  ])
  expect(models[0]).toEqual({
    provider: 'sandbox',
    name: 'cut',
    maxOutputTokens: 4096,
    price: { input: 1_000_000n, cacheRead: 100_000n, cacheWrite: 1_250_000n, output: 4_000_000n },
  })
})
