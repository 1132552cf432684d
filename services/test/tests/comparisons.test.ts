import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { v7 } from 'uuid'
import { rejection } from '#chassis/testing/rejection.ts'
import { ComparisonServiceService } from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
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

async function newUser() {
  const token = await runner.identity.tokenFor({ ...RUNNER, userId: v7() })
  const promptId = runner.newPrompt('Hello')
  const run = async (modelName = 'echo') => {
    const request = { promptId, which: undefined, values: {}, modelProvider: 'sandbox', modelName }
    return (await runner.tests.runTest(request, { token })).test!.testId
  }
  return { token, promptId, run }
}

const request = (promptId: string, testIds: string[], more: object = {}) => ({
  name: 'Echo against fail',
  promptId,
  testIds,
  notes: '',
  ...more,
})

/** As if the models had answered. */
const complete = (testId: string, ms: number, micros: number) =>
  runner.database.query(
    `update prompt_tests set status = 'COMPLETED', completed_at = now(), response_time_ms = $2::integer, cost_micros = $3,
      input_tokens = 5, output_tokens = $2::integer where id = $1`,
    [testId, ms, micros],
  )

test('a comparison has its tests in the order given, as they are now, with the best of each', async () => {
  const { token, promptId, run } = await newUser()
  const [slow, quick, waiting] = [await run(), await run(), await run('fail')]
  const { comparison: made } = await comparisons.createComparison(
    request(promptId, [quick, slow, waiting], { notes: 'Which is better?' }),
    { token },
  )
  expect(made).toMatchObject({ name: 'Echo against fail', notes: 'Which is better?', promptId, best: undefined })
  expect(made!.progress).toEqual({ unfinished: 3, completed: 0, failed: 0 })
  await complete(slow, 200, 1)
  await complete(quick, 100, 2)
  const { comparison } = await comparisons.getComparison({ comparisonId: made!.comparisonId }, { token })
  expect(comparison!.tests.map(({ testId }) => testId)).toEqual([quick, slow, waiting])
  expect(comparison!.tests[0]).toMatchObject({ promptContent: '', costMicros: 2n, responseTimeMs: 100n })
  expect(comparison!.progress).toEqual({ unfinished: 1, completed: 2, failed: 0 })
  expect(comparison!.best).toEqual({ fastestTestId: quick, cheapestTestId: slow, fewestTokensTestId: quick })
})

test('it is made once for a request_id, and has an event', async () => {
  const { token, promptId, run } = await newUser()
  const asked = request(promptId, [await run(), await run()], { requestId: randomUUID() })
  const answers = await Promise.all([1, 2, 3].map(() => comparisons.createComparison(asked, { token })))
  const ids = new Set(answers.map(({ comparison }) => comparison!.comparisonId))
  expect(ids.size).toBe(1)
  const rows = await runner.database.query<{ payload: object }>(
    `select payload from outbox where subject = 'pf.test.comparison.created.v1' and payload::text like $1`,
    [`%${[...ids][0]}%`],
  )
  expect(rows).toMatchObject([{ payload: { promptId, testsCount: 2 } }])
  expect(JSON.stringify(rows)).not.toContain(RUNNER.username)
})

test('a request_id of a comparison that was deleted since is NOT_FOUND, and makes no other', async () => {
  const { token, promptId, run } = await newUser()
  const asked = request(promptId, [await run(), await run()], { requestId: randomUUID() })
  const { comparison } = await comparisons.createComparison(asked, { token })
  await comparisons.deleteComparison({ comparisonId: comparison!.comparisonId }, { token })
  expect(await rejection(comparisons.createComparison(asked, { token }))).toMatchObject({ code: status.NOT_FOUND })
  const { comparisons: all } = await comparisons.listComparisons({ pageSize: 0, pageToken: '' }, { token })
  expect(all).toEqual([])
})

test('tests of somebody else, of another prompt and that there are not are all named, and nothing is made', async () => {
  const { token, promptId, run } = await newUser()
  const other = await newUser()
  const elsewhere = await runner.tests.runTest(
    { promptId: other.promptId, which: undefined, values: {}, modelProvider: 'sandbox', modelName: 'echo' },
    { token },
  )
  const ids = [await run(), await other.run(), elsewhere.test!.testId, v7()]
  const error = await rejection(comparisons.createComparison(request(promptId, ids), { token }))
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT })
  expect(error.violations.map(({ field }) => field)).toEqual(['test_ids[1]', 'test_ids[2]', 'test_ids[3]'])
  expect((await comparisons.listComparisons({ pageSize: 0, pageToken: '' }, { token })).comparisons).toEqual([])
})

test.each([
  ['one test', (ids: string[]) => ({ testIds: ids.slice(0, 1) }), 'test_ids'],
  ['a test twice', (ids: string[]) => ({ testIds: [ids[0]!, ids[0]!] }), 'test_ids'],
  ['51 tests', () => ({ testIds: Array.from({ length: 51 }, () => v7()) }), 'test_ids'],
  ['no name', () => ({ name: '' }), 'name'],
  ['a name of 101 characters', () => ({ name: 'x'.repeat(101) }), 'name'],
  ['notes of 5,001 characters', () => ({ notes: 'x'.repeat(5001) }), 'notes'],
])('%s is refused', async (_, more, field) => {
  const { token, promptId, run } = await newUser()
  const ids = [await run(), await run()]
  const error = await rejection(comparisons.createComparison({ ...request(promptId, ids), ...more(ids) }, { token }))
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field }] })
})

test('nobody else sees it, and deleting it leaves its tests', async () => {
  const { token, promptId, run } = await newUser()
  const ids = [await run(), await run()]
  const { comparison } = await comparisons.createComparison(request(promptId, ids), { token })
  const { comparisonId } = comparison!
  const other = await newUser()
  const asks = [
    () => comparisons.getComparison({ comparisonId }, { token: other.token }),
    () => comparisons.deleteComparison({ comparisonId }, { token: other.token }),
  ]
  for (const ask of asks) expect(await rejection(ask())).toMatchObject({ code: status.NOT_FOUND })
  await comparisons.deleteComparison({ comparisonId }, { token })
  const again = comparisons.deleteComparison({ comparisonId }, { token })
  expect(await rejection(again)).toMatchObject({ code: status.NOT_FOUND })
  expect((await runner.tests.getTest({ testId: ids[0]! }, { token })).test).toMatchObject({ testId: ids[0] })
})

test('a list has the caller’s, newest first, page by page, and of one prompt', async () => {
  const { token, promptId, run } = await newUser()
  const ids = [await run(), await run()]
  const made: string[] = []
  for (const name of ['a', 'b', 'c'])
    made.unshift(
      (await comparisons.createComparison(request(promptId, ids, { name }), { token })).comparison!.comparisonId,
    )
  const list = async (more: object = {}) =>
    comparisons.listComparisons({ pageSize: 0, pageToken: '', ...more }, { token })
  const first = await list({ pageSize: 2 })
  const second = await list({ pageToken: first.nextPageToken })
  expect([...first.comparisons, ...second.comparisons].map(({ comparisonId }) => comparisonId)).toEqual(made)
  expect(first.comparisons[0]).toMatchObject({ tests: [], progress: undefined })
  expect((await list({ promptId })).comparisons).toHaveLength(3)
  expect((await list({ promptId: v7() })).comparisons).toEqual([])
})
