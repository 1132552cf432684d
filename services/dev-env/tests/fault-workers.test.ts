import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { until } from '#chassis/testing/until.ts'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { type OwnProcess, runAsProcess } from './own-process.ts'

let network: TestNetwork
let worker: OwnProcess
let user: SignedIn
let promptId: string

beforeAll(async () => {
  network = await startTestNetwork()
  worker = await runAsProcess(network, 'test')
  user = await network.signUp()
  const body = { title: 'Counting', content: Array.from({ length: 20 }, (_, n) => `word${n}`).join(' ') }
  promptId = (await network.rest('POST /v1/prompts', { token: user.token, body })).body.prompt.id
})
afterAll(async () => {
  await worker[Symbol.asyncDispose]()
  await network.stop()
})

const rest = async (request: string, body?: object) => (await network.rest(request, { token: user.token, body })).body

/** Asks as clients should: again when there is no answer, with the same request id. */
async function run(modelName: string): Promise<string> {
  const body = { modelProvider: 'sandbox', modelName, requestId: randomUUID() }
  const { test: asked } = await until('the run to be admitted', () => rest(`POST /v1/prompts/${promptId}/tests`, body))
  return asked.testId
}

const read = async (testId: string) => (await rest(`GET /v1/tests/${testId}`)).test

const started = (testId: string) => until('the test to run', async () => (await read(testId)).status === 'RUNNING')

const ended = (testId: string) =>
  until('the test to end', async () => {
    const one = await read(testId)
    return one.completedAt && one
  })

/** What the rows of tests say that was spent; the budget says the same. */
async function spent(): Promise<string> {
  const { budget } = await rest('GET /v1/budgets/me')
  const { databaseUrl } = network.services['test']!
  const [row] = await onDatabase<{ spent: string }>(
    databaseUrl,
    'select sum(cost_micros)::text as spent from prompt_tests where user_id = $1',
    user.id,
  )
  expect(budget).toMatchObject({ spentMicros: row!.spent, reservedMicros: '0' })
  return row!.spent
}

test('killed while its tests run and wait, a worker loses none: each runs once more, and lost calls are paid', async () => {
  const running = await Promise.all([1, 2, 3].map(() => run('slow-250')))
  for (const testId of running) await started(testId)
  await worker.kill()
  await worker.start()
  const waiting = await run('echo')
  expect(await ended(waiting)).toMatchObject({ status: 'COMPLETED', attempts: 1 })
  for (const testId of running)
    expect(await ended(testId)).toMatchObject({ status: 'COMPLETED', attempts: 2, usageSource: 'ESTIMATED' })
  await spent()
})

test('killed between the answer to a request and its run, a worker runs it after its start', async () => {
  const asked = await Promise.all(Array.from({ length: 20 }, () => run('echo')))
  await worker.kill()
  await worker.start()
  for (const testId of asked) expect(await ended(testId)).toMatchObject({ status: 'COMPLETED' })
  await spent()
})

test('killed again and again while a suite runs, it ends the run with every test and judge asked and judged once, and the money right', async () => {
  const cases = Array.from({ length: 20 }, (_, n) => ({
    name: `case ${n}`,
    assertions: [{ contains: 'word19' }, { llmRubric: { rubric: 'Has "word19".' } }],
  }))
  const judge = { modelProvider: 'sandbox', modelName: 'judge' }
  const settings = { modelProvider: 'sandbox', modelName: 'slow-20', maxTokens: 40, repeats: 2, judge }
  const { suite } = await rest('POST /v1/suites', { promptId, name: 'Kills', settings, cases })
  const { run: asked } = await rest(`POST /v1/suites/${suite.suiteId}:run`, { requestId: randomUUID() })
  const readRun = async () => (await rest(`GET /v1/suite-runs/${asked.runId}`)).run
  for (const least of [1, 30]) {
    await until('some tests to end', async () => (await readRun())?.endedCount >= least)
    await worker.kill()
    await worker.start()
  }
  let found: any
  await until('the run to end', async () => {
    found = await readRun()
    return found?.status === 'COMPLETED'
  })
  expect(found).toMatchObject({ testsCount: 80, endedCount: 80 })
  // One whose worker was lost twice is WORKER_LOST, which is no failed assertion.
  for (const { passes, failures, errors } of found.cases) expect([passes + errors, failures]).toEqual([2, 0])
  expect(['PASS', 'INCONCLUSIVE']).toContain(found.verdict)
  await spent()
})
