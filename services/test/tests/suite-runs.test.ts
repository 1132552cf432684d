import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { status } from '@grpc/grpc-js'
import { v7 } from 'uuid'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { AssertionResult_Outcome as Outcome } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import {
  CaseResult_Verdict as CaseVerdict,
  SuiteRun_Status as Status,
  SuiteRun_Verdict as Verdict,
} from '#contracts/gen/promptforge/test/v1/suite.ts'
import { SuiteComparison_Outcome } from '#contracts/gen/promptforge/test/v1/suite_comparison.ts'
import { CreateSuiteRequest } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import { TestInternalServiceService } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import type { TestBroker } from '../../dev-env/infra/test-broker.ts'
import { CANCEL_SUBJECT } from '../worker/cancelling.ts'
import { COUNTED, startCallingRunner } from './calling-runner.ts'
import { DIALECTS } from './dialects.ts'
import type { TestRunner } from './harness.ts'
import { answerJson, type Asked, beginEvents, type ProviderServer } from './provider-server.ts'
import { type SuiteUser, suiteUser } from './suite-user.ts'

const { begin, text, end } = DIALECTS['openai-compatible']

let broker: TestBroker
let provider: ProviderServer
let runner: TestRunner
let stop: () => Promise<void>
let suites: SuiteUser['suites']
let run: SuiteUser['run']
let read: SuiteUser['read']
let ended: SuiteUser['ended']
/** What the provider waits for before it answers; a test may set it. */
let held: Promise<void>
/** How often it was asked each thing. */
let times: Map<string, number>

/** Says what it is asked; `fail` fails, `flaky` says `no` each second time. */
async function answer(response: ServerResponse, { body }: Asked) {
  await held
  const asked = String(body['messages'][0].content)
  const count = (times.get(asked) ?? 0) + 1
  times.set(asked, count)
  if (asked === 'fail') return answerJson(response, 400, { error: { message: 'refused' } })
  beginEvents(response)
  response.end(begin(COUNTED) + text(asked === 'flaky' && count % 2 === 0 ? 'no' : asked) + end('stop', COUNTED))
}

beforeAll(async () => {
  ;({ broker, provider, runner, stop } = await startCallingRunner(answer))
  ;({ suites, run, read, ended } = suiteUser(runner))
})
beforeEach(() => {
  held = Promise.resolve()
  times = new Map()
  provider.journal.length = 0
})
// Whatever happened: money is what the rows say.
afterEach(async () => expect(await runner.disagreements()).toEqual([]))
afterAll(() => stop())

type Case = { name: string; values: Record<string, string>; expects: string; optional?: boolean }

const says = (say: string, expects = say, more: Partial<Case> = {}): Case => ({
  name: say,
  values: { say },
  expects,
  ...more,
})

async function newSuite(cases: Case[], settings: object = {}, content = '{{say}}') {
  const promptId = runner.newPrompt(content)
  const request = CreateSuiteRequest.fromPartial({
    promptId,
    name: 'Suite',
    settings: { modelProvider: 'sandbox', modelName: 'echo', ...settings },
    cases: cases.map(({ expects, ...rest }) => ({
      ...rest,
      assertions: [{ check: { $case: 'equals' as const, value: expects } }],
    })),
  })
  return (await suites.createSuite(request, runner)).suite!
}

const runToEnd = async (cases: Case[], settings: object = {}) => {
  const suite = await newSuite(cases, settings)
  return { suite, run: await ended((await run(suite.suiteId)).runId) }
}

describe('a run', () => {
  test('runs every case as often as it is repeated, and passes when all pass', async () => {
    const { suite, run: found } = await runToEnd([says('a'), says('b')], { repeats: 3 })
    expect(found).toMatchObject({
      suiteId: suite.suiteId,
      suiteRevision: 1,
      promptVersion: 1,
      verdict: Verdict.PASS,
      passRate: 1,
      testsCount: 6,
      endedCount: 6,
      cases: [
        {
          name: 'a',
          verdict: CaseVerdict.STABLE_PASS,
          passes: 3,
          failures: 0,
          errors: 0,
          allPass: [1, 1, 1],
          reason: '',
        },
        { name: 'b', verdict: CaseVerdict.STABLE_PASS, passes: 3 },
      ],
    })
    // 10 and 2 tokens at 1 and 4 dollars a million.
    expect(found.costMicros).toBe(6n * 18n)
    expect(provider.journal).toHaveLength(6)
    const [testId] = found.cases[1]!.testIds
    expect(await runner.read(testId!)).toMatchObject({
      suiteRunId: found.runId,
      caseName: 'b',
      repeat: 1,
      response: 'b',
      assertionResults: [{ outcome: Outcome.PASS, reason: '' }],
    })
  })

  test('fails when a required case fails, and says why', async () => {
    const { run: found } = await runToEnd([says('a'), says('b', 'c')])
    expect(found).toMatchObject({ verdict: Verdict.FAIL, passRate: 0.5 })
    expect(found.cases[1]).toMatchObject({ verdict: CaseVerdict.STABLE_FAIL, failures: 1 })
    expect(found.cases[1]!.reason).not.toBe('')
  })

  test('passes although an optional case is flaky, when the share reaches the threshold', async () => {
    const flaky = says('flaky', 'flaky', { optional: true })
    const { run: found } = await runToEnd([says('a'), flaky], { repeats: 2, threshold: 0.75 })
    expect(found).toMatchObject({ verdict: Verdict.PASS, passRate: 0.75 })
    expect(found.cases[1]).toMatchObject({ verdict: CaseVerdict.FLAKY, passes: 1, failures: 1, allPass: [0.5, 0] })
  })

  test('is inconclusive where the provider did not answer: that is no failed assertion', async () => {
    const { run: found } = await runToEnd([says('a'), says('fail')])
    expect(found).toMatchObject({ verdict: Verdict.INCONCLUSIVE, endedCount: 2 })
    expect(found.cases[1]).toMatchObject({ verdict: CaseVerdict.INCONCLUSIVE, errors: 1, failures: 0, allPass: [] })
    expect(found.cases[1]!.reason).toContain('refused')
  })

  test('is asked for once for a request_id, and has one event, without a name', async () => {
    const { suiteId } = await newSuite([says('a')])
    const requestId = randomUUID()
    const runs = await Promise.all([1, 2, 3].map(() => run(suiteId, requestId)))
    const { runId } = runs[0]!
    expect(new Set(runs.map((one) => one.runId)).size).toBe(1)
    await ended(runId)
    const events = await runner.database.query<{ payload: object }>(
      `select payload from outbox where subject = 'pf.test.suite_run.finished.v1' and payload->>'suiteId' = $1`,
      [suiteId],
    )
    expect(events).toMatchObject([{ payload: { verdict: 'PASS', testsCount: 1, metadata: { aggregateId: runId } } }])
    expect(provider.journal).toHaveLength(1)
  })

  test('has at most 16 tests under way, takes no seats, and is in no list of single tests', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    held = promise
    const { suiteId, promptId } = await newSuite(
      Array.from({ length: 30 }, (_, n) => says(`case ${n}`)),
      { repeats: 4 },
    )
    const { runId } = await run(suiteId)
    const dispatched = () =>
      runner.database.query<{ count: number }>(
        'select count(*)::integer as count from prompt_tests where suite_run_id = $1 and dispatched_at is not null',
        [runId],
      )
    await until('tests to be let go', async () => (await dispatched())[0]!.count > 0)
    expect(await dispatched()).toEqual([{ count: 16 }])
    expect(await rejection(suites.deleteSuite({ suiteId }, runner))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'SUITE_RUNS',
    })
    const filter = { pageSize: 100, pageToken: '', promptId, status: undefined }
    const list = async (suiteRunId?: string) =>
      (await runner.tests.listTests({ ...filter, modelProvider: undefined, modelName: undefined, suiteRunId }, runner))
        .tests
    expect(await list()).toEqual([])
    expect(await list(runId)).toHaveLength(100)
    resolve()
    expect(await ended(runId)).toMatchObject({ verdict: Verdict.PASS, testsCount: 120 })
  })

  test('keeps the cases that it began with when the suite changes meanwhile', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    held = promise
    const suite = await newSuite([says('a')])
    const { runId } = await run(suite.suiteId)
    const cases = { cases: [{ ...suite.cases[0]!, name: 'other', values: { say: 'z' } }] }
    const change = {
      suiteId: suite.suiteId,
      name: undefined,
      description: undefined,
      settings: undefined,
      etag: undefined,
    }
    await suites.updateSuite({ ...change, cases }, runner)
    resolve()
    expect(await ended(runId)).toMatchObject({ suiteRevision: 1, verdict: Verdict.PASS, cases: [{ name: 'a' }] })
  })

  test('when the budget does not allow all of it, none of it is run', async () => {
    const { suiteId } = await newSuite([says('a'), says('b')])
    const [limit, spent] = [10_000_000n, (await runner.budget()).spentMicros]
    // One test can cost (1 + 256) × 1.25 + 1,024 × 4 millionths.
    await runner.tests.setBudget({ dailyLimitMicros: spent + 8000n }, runner)
    const error = await rejection(run(suiteId))
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'BUDGET_EXCEEDED' })
    await runner.tests.setBudget({ dailyLimitMicros: limit }, runner)
    const { runs } = await suites.listSuiteRuns({ suiteId, pageSize: 0, pageToken: '' }, runner)
    expect(runs).toEqual([])
  })

  test('names every value that does not fit the version, and runs nothing', async () => {
    const { suiteId } = await newSuite([says('a'), { ...says('b'), values: { say: 'b', x: '1', y: '2' } }])
    const error = await rejection(run(suiteId))
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT })
    expect(error.violations.map(({ field }) => field)).toEqual(['cases[1].values["x"]', 'cases[1].values["y"]'])
    expect(provider.journal).toEqual([])
  })

  test('of texts that have more than 32 MiB together is refused, and nothing is stored', async () => {
    const cases = Array.from({ length: 9 }, (_, index) => says(`${index}`))
    const suite = await newSuite(cases, { repeats: 20 }, '{{say}}' + 'a'.repeat(199_000))
    expect((await rejection(run(suite.suiteId))).violations).toMatchObject([
      { field: 'suite_id', description: 'the texts of all its tests are together longer than 32 MiB' },
    ])
    const ids = { suiteId: suite.suiteId, pageSize: 0, pageToken: '' }
    expect((await suites.listSuiteRuns(ids, runner)).runs).toEqual([])
  })

  test('is cancelled: what waits ends at once, what runs soon, and nothing is called after that', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    held = promise
    const { suiteId } = await newSuite(Array.from({ length: 40 }, (_, n) => says(`case ${n}`)))
    const { runId } = await run(suiteId)
    await until('some to be called', () => provider.journal.length > 0)
    const other = { token: await runner.identity.tokenFor({ userId: v7(), username: 'eve' }) }
    expect(await rejection(suites.cancelSuiteRun({ runId }, other))).toMatchObject({ code: status.NOT_FOUND })
    expect(await read(runId)).toMatchObject({ status: Status.RUNNING, endedCount: 0 })
    let told = 0
    const hearing = broker.connection.subscribe(CANCEL_SUBJECT, { callback: () => void (told += 1) })
    await broker.connection.flush()
    await suites.cancelSuiteRun({ runId }, runner)
    await until('the workers to be told', () => told > 0)
    hearing.unsubscribe()
    const found = await ended(runId)
    resolve()
    expect(found).toMatchObject({ verdict: Verdict.INCONCLUSIVE, endedCount: 40 })
    expect(found.cases.every(({ errors }) => errors === 1)).toBe(true)
    expect((await suites.cancelSuiteRun({ runId }, runner)).run).toEqual(found)
    expect(provider.journal.length).toBeLessThanOrEqual(16)
  })

  test('goes on when the replica that carried it on was lost between a test and its verdict', async () => {
    const { run: found } = await runToEnd([says('a'), says('b')])
    await runner.database.query(
      `update suite_runs set status = 'RUNNING', verdict = null, pass_rate = null, completed_at = null where id = $1`,
      [found.runId],
    )
    await runner.database.query(
      'update prompt_tests set verdict = null, assertion_results = null where suite_run_id = $1',
      [found.runId],
    )
    expect(await ended(found.runId)).toMatchObject({ verdict: Verdict.PASS, endedCount: 2 })
    expect(provider.journal).toHaveLength(2)
  })
})

test('the runs of a suite are listed newest first, without their cases', async () => {
  const { suite, run: first } = await runToEnd([says('a')])
  const second = await ended((await run(suite.suiteId)).runId)
  const { runs } = await suites.listSuiteRuns({ suiteId: suite.suiteId, pageSize: 0, pageToken: '' }, runner)
  expect(runs).toEqual([
    { ...second, cases: [] },
    { ...first, cases: [] },
  ])
})

describe('two runs are compared', () => {
  test('by the cases that both have', async () => {
    const names = ['1', '2', '3', '4', '5', '6', '7']
    const suite = await newSuite(names.map((name) => says(name, 'x')))
    const worse = await ended((await run(suite.suiteId)).runId)
    const cases = suite.cases.map((one) => ({
      ...one,
      assertions: [{ negate: false, check: { $case: 'equals' as const, value: one.name } }],
    }))
    const change = {
      suiteId: suite.suiteId,
      name: undefined,
      description: undefined,
      settings: undefined,
      etag: undefined,
    }
    await suites.updateSuite({ ...change, cases: { cases } }, runner)
    const better = await ended((await run(suite.suiteId)).runId)
    const ids = { fromRunId: worse.runId, toRunId: better.runId, judgingId: undefined }
    const { comparison } = await suites.compareSuiteRuns(ids, runner)
    expect(comparison).toMatchObject({
      fromRunId: worse.runId,
      toRunId: better.runId,
      outcome: SuiteComparison_Outcome.BETTER,
      fixed: names,
      broken: [],
    })
    expect(comparison!.pValue).toBeCloseTo(2 / 128, 9)
  })

  test('of one suite only, when both have ended', async () => {
    const { run: one } = await runToEnd([says('a')])
    const { run: another } = await runToEnd([says('a')])
    const ids = { fromRunId: one.runId, toRunId: another.runId, judgingId: undefined }
    expect(await rejection(suites.compareSuiteRuns(ids, runner))).toMatchObject({ code: status.INVALID_ARGUMENT })
  })
})

describe('a gate', () => {
  const check = async (suite: { suiteId: string; promptId: string }, contentHash = 'a'.repeat(64)) => {
    const certified = runner.stub(TestInternalServiceService, 'version')
    const { suiteId, promptId } = suite
    return certified.checkGate({ suiteId, promptId, contentHash }, runner)
  }

  test('is closed before a run, open after a PASS, for what that version holds only', async () => {
    const suite = await newSuite([says('a')])
    expect(await check(suite)).toMatchObject({ isOpen: false, suiteExists: true, runId: '' })
    const { runId } = await ended((await run(suite.suiteId)).runId)
    expect(await check(suite)).toMatchObject({ isOpen: true, runId, verdict: Verdict.PASS })
    expect(await check(suite, 'b'.repeat(64))).toMatchObject({ isOpen: false, runId: '' })
  })

  test('is closed by a newer verdict that is none, by another revision of the suite, and after 30 days', async () => {
    const { suite } = await runToEnd([says('flaky')])
    expect((await check(suite)).isOpen).toBe(true)
    await ended((await run(suite.suiteId)).runId)
    expect(await check(suite)).toMatchObject({ isOpen: false, verdict: Verdict.FAIL })
    await ended((await run(suite.suiteId)).runId)
    expect((await check(suite)).isOpen).toBe(true)
    const age = (days: number) =>
      runner.database.query(
        `update suite_runs set completed_at = completed_at - $2::integer * interval '1 day' where suite_id = $1`,
        [suite.suiteId, days],
      )
    await age(29)
    expect((await check(suite)).isOpen).toBe(true)
    await age(2)
    expect(await check(suite)).toMatchObject({ isOpen: false, verdict: Verdict.PASS })
    await age(-31)
    expect((await check(suite)).isOpen).toBe(true)
    const change = { suiteId: suite.suiteId, description: undefined, cases: undefined, etag: undefined }
    await suites.updateSuite({ ...change, name: 'Renamed', settings: undefined }, runner)
    const settings = { ...suite.settings!, threshold: 0.5 }
    await suites.updateSuite({ ...change, name: undefined, settings }, runner)
    expect(await check(suite)).toMatchObject({ isOpen: false, runId: '' })
  })

  test('is closed for a suite of another prompt, and for one that was deleted', async () => {
    const { suite } = await runToEnd([says('a')])
    const another = await newSuite([says('a')])
    expect(await check({ ...suite, promptId: another.promptId })).toMatchObject({ isOpen: false, suiteExists: false })
    await suites.deleteSuite({ suiteId: suite.suiteId }, runner)
    expect(await check(suite)).toMatchObject({ isOpen: false, suiteExists: false })
  })
})
