import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'

let network: TestNetwork
let owner: SignedIn
let reader: SignedIn

beforeAll(async () => {
  network = await startTestNetwork()
  owner = await network.signUp()
  reader = await network.signUp()
})
afterAll(() => network.stop())

const ask = (request: string, body?: object, { token } = owner) => network.rest(request, { token, body })

/** A prompt whose first version greets, and whose second does not. */
async function newPrompt(): Promise<string> {
  const { body } = await ask('POST /v1/prompts', { title: 'Greeting', content: 'Hello {{name}}', isPublic: true })
  await ask(`PATCH /v1/prompts/${body.prompt.id}`, { content: 'Bye {{name}}' })
  return body.prompt.id
}

const suiteOf = (promptId: string, more: object = {}) => ({
  promptId,
  name: 'Greets',
  settings: { modelProvider: 'sandbox', modelName: 'echo', repeats: 2 },
  cases: [{ name: 'Ann', values: { name: 'Ann' }, assertions: [{ startsWith: 'Hello' }, { regex: 'Ann$' }] }],
  ...more,
})

const create = async (promptId: string, as = owner): Promise<string> =>
  (await ask('POST /v1/suites', suiteOf(promptId), as)).body.suite.suiteId

async function runToEnd(suiteId: string, body: object, as = owner) {
  const asked = await ask(`POST /v1/suites/${suiteId}:run`, body, as)
  expect(asked).toMatchObject({ status: 200, body: { run: { status: 'RUNNING' } } })
  let run: any
  await until('the run to end', async () => {
    run = (await ask(`GET /v1/suite-runs/${asked.body.run.runId}`, undefined, as)).body.run
    return run.status === 'COMPLETED'
  })
  return run
}

const setGate = (promptId: string, suiteId: string, as = owner) =>
  ask(`PUT /v1/prompts/${promptId}/labels/production/gate`, { suiteId }, as)
const setLabel = (promptId: string, body: object) => ask(`PUT /v1/prompts/${promptId}/labels/production`, body)

const CLOSED = { status: 400, body: { details: [{ reason: 'LABEL_GATE_CLOSED' }] } }

test('a label with a gate moves to the version that passes the suite, and to no other', async () => {
  const promptId = await newPrompt()
  const suiteId = await create(promptId)
  expect(await setGate(promptId, suiteId)).toMatchObject({
    status: 200,
    body: { gate: { label: 'production', suiteId } },
  })
  expect(await setLabel(promptId, { version: 1 })).toMatchObject(CLOSED)

  const greets = await runToEnd(suiteId, { version: 1 })
  expect(greets).toMatchObject({ verdict: 'PASS', promptVersion: 1, cases: [{ verdict: 'STABLE_PASS', passes: 2 }] })
  // Two words in, two out, at 1 and 4 dollars a million, twice.
  expect(greets.costMicros).toBe('20')
  const parts = await runToEnd(suiteId, {})
  expect(parts).toMatchObject({ verdict: 'FAIL', promptVersion: 2, cases: [{ verdict: 'STABLE_FAIL', failures: 2 }] })

  expect(await setLabel(promptId, { version: 2 })).toMatchObject(CLOSED)
  expect(await setLabel(promptId, { version: 1 })).toMatchObject({
    status: 200,
    body: { label: { version: 1, seq: 1 } },
  })
  const overridden = { version: 2, overrideReason: 'We say goodbye' }
  expect(await setLabel(promptId, overridden)).toMatchObject({ status: 200, body: { label: { version: 2, seq: 2 } } })
  const { body } = await ask(`GET /v1/prompts/${promptId}/labels/production/changes`)
  expect(body.changes).toMatchObject([
    { to: 2, overrideReason: 'We say goodbye' },
    { to: 1, gateRunId: greets.runId },
  ])

  const compared = await ask(`GET /v1/suite-runs:compare?from_run_id=${greets.runId}&to_run_id=${parts.runId}`)
  expect(compared.body.comparison).toMatchObject({ outcome: 'INSUFFICIENT', broken: ['Ann'], fixed: [] })
})

test('a rubric is judged by a model of the suite’s settings, whose cost is in that of the run', async () => {
  const promptId = await newPrompt()
  const settings = {
    modelProvider: 'sandbox',
    modelName: 'echo',
    repeats: 2,
    judge: { modelProvider: 'sandbox', modelName: 'judge' },
  }
  const assertions = [{ llmRubric: { rubric: 'It greets: "Hello".', threshold: 0.5 } }]
  const cases = [{ name: 'Ann', values: { name: 'Ann' }, assertions }]
  const { body } = await ask('POST /v1/suites', suiteOf(promptId, { settings, cases }))
  const greets = await runToEnd(body.suite.suiteId, { version: 1 })
  expect(greets).toMatchObject({ verdict: 'PASS', testsCount: 4, cases: [{ verdict: 'STABLE_PASS' }] })
  expect(greets.cases[0].judgements).toMatchObject([
    { repeat: 1, assertion: 0, outcome: 'PASS', score: 1, reason: 'The answer has all of it.' },
    { repeat: 2, assertion: 0, outcome: 'PASS' },
  ])
  const { test: judge } = (await ask(`GET /v1/tests/${greets.cases[0].judgements[0].judgeTestId}`)).body
  expect(judge).toMatchObject({ kind: 'JUDGE', modelName: 'judge' })
  // Two words in, two out, at 1 and 4 dollars a million, and a judge, twice.
  expect(greets.costMicros).toBe(String(2 * (10 + Number(judge.costMicros))))
  const parts = await runToEnd(body.suite.suiteId, {})
  expect(parts).toMatchObject({ verdict: 'FAIL', cases: [{ reason: 'The answer lacks Hello.' }] })
})

test('a judge says which of two runs of a suite is better, in both orders, and is paid', async () => {
  const promptId = await newPrompt()
  const suiteId = await create(promptId)
  const bye = await runToEnd(suiteId, {})
  const hello = await runToEnd(suiteId, { version: 1 })
  const ids = { fromRunId: bye.runId, toRunId: hello.runId }
  const judged = async (rubric: string) => {
    const settings = { rubric, judge: { modelProvider: 'sandbox', modelName: 'judge' } }
    const asked = await ask('POST /v1/suite-runs:judge', { ...ids, settings })
    expect(asked).toMatchObject({ status: 200, body: { judging: { ...ids, testsCount: 4 } } })
    let judging: any
    await until('the judging to end', async () => {
      const query = `from_run_id=${bye.runId}&to_run_id=${hello.runId}`
      judging = (await ask(`GET /v1/suite-runs:compare?${query}`)).body.comparison.judging
      return judging.status === 'COMPLETED'
    })
    return judging
  }
  const greets = await judged('It greets: "Hello".')
  expect(greets).toMatchObject({ wins: 1, outcome: 'INSUFFICIENT', cases: [{ name: 'Ann', outcome: 'WIN', wins: 2 }] })
  const { body } = await ask(`GET /v1/tests?suite_run_id=${greets.judgingId}`)
  const costs = body.tests.map(({ costMicros }: any) => Number(costMicros))
  expect(costs).toHaveLength(4)
  expect(greets.costMicros).toBe(String(costs.reduce((sum: number, cost: number) => sum + cost, 0)))
  // It prefers what it reads first: so both orders disagree.
  expect(await judged('Which is nicer?')).toMatchObject({ ties: 1, cases: [{ outcome: 'TIE', ties: 2 }] })
  expect(await ask(`POST /v1/suite-judgings/${greets.judgingId}:cancel`, {}, reader)).toMatchObject({ status: 404 })
  const ended = await ask(`POST /v1/suite-judgings/${greets.judgingId}:cancel`, {})
  expect(ended.body.judging).toMatchObject({ status: 'COMPLETED', wins: 1 })
})

// The gateway ended with a segmentation fault when it read an answer with such a value.
test('values that are empty come back empty, of a case and of a test', async () => {
  const promptId = await newPrompt()
  const values = { name: '' }
  const [one] = suiteOf(promptId).cases
  const made = await ask('POST /v1/suites', suiteOf(promptId, { cases: [{ ...one, values }] }))
  expect(made).toMatchObject({ status: 200, body: { suite: { cases: [{ values }] } } })
  const settings = { modelProvider: 'sandbox', modelName: 'echo' }
  const run = await ask(`POST /v1/prompts/${promptId}/tests`, { ...settings, values })
  expect(run).toMatchObject({ status: 200, body: { test: { values } } })
})

test('a gate whose suite is deleted lets nothing pass', async () => {
  const promptId = await newPrompt()
  const suiteId = await create(promptId)
  await runToEnd(suiteId, { version: 1 })
  await setGate(promptId, suiteId)
  expect(await ask(`DELETE /v1/suites/${suiteId}`)).toMatchObject({ status: 200 })
  expect(await setLabel(promptId, { version: 1 })).toMatchObject(CLOSED)
  await ask(`DELETE /v1/prompts/${promptId}/labels/production/gate`)
  expect(await setLabel(promptId, { version: 1 })).toMatchObject({ status: 200 })
})

test('who reads a prompt has suites of their own for it, and is shown no text of a version that was withdrawn', async () => {
  const promptId = await newPrompt()
  const suiteId = await create(promptId, reader)
  const run = await runToEnd(suiteId, {}, reader)
  expect(run.cases[0].reason).toContain('Bye')
  expect(await ask(`GET /v1/suites/${suiteId}`)).toMatchObject({ status: 404 })
  // The reader's suite is no gate of the owner's label.
  expect(await setGate(promptId, suiteId)).toMatchObject({ status: 404 })
  expect(await setGate(promptId, suiteId, reader)).toMatchObject({ status: 404 })

  await ask(`PATCH /v1/prompts/${promptId}`, { isPublic: false })
  const { body } = await ask(`GET /v1/suite-runs/${run.runId}`, undefined, reader)
  expect(body.run).toMatchObject({ verdict: 'FAIL', cases: [{ verdict: 'STABLE_FAIL', reason: '' }] })
  expect(JSON.stringify(body)).not.toContain('Bye')
  expect(await ask(`POST /v1/suites/${suiteId}:run`, {}, reader)).toMatchObject({ status: 404 })
})

test('versions and models are run and put side by side in one call', async () => {
  const promptId = await newPrompt()
  const models = ['echo', 'fail'].map((modelName) => ({ modelProvider: 'sandbox', modelName }))
  const request = { name: 'All', versions: [1, 2], models, values: { name: 'Ann' } }
  const asked = await ask(`POST /v1/prompts/${promptId}/comparisons:run`, request, reader)
  const { comparisonId } = asked.body.comparison
  let comparison: any
  await until('all tests to end', async () => {
    comparison = (await ask(`GET /v1/comparisons/${comparisonId}`, undefined, reader)).body.comparison
    return comparison.progress.unfinished === 0
  })
  expect(comparison.progress).toEqual({ unfinished: 0, completed: 2, failed: 2 })
  expect(comparison.tests.map(({ promptVersion, modelName }: any) => [promptVersion, modelName])).toEqual([
    [1, 'echo'],
    [1, 'fail'],
    [2, 'echo'],
    [2, 'fail'],
  ])
})
