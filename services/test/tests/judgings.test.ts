import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { status } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { AssertionResult_Preference as Preference } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { type Suite, SuiteRun_Status as RunStatus } from '#contracts/gen/promptforge/test/v1/suite.ts'
import {
  JudgedCase_Outcome as CaseOutcome,
  type Judging,
  SuiteComparison_Outcome as Outcome,
} from '#contracts/gen/promptforge/test/v1/suite_comparison.ts'
import { JudgeSuiteRunsRequest } from '#contracts/gen/promptforge/test/v1/suite_run_requests.ts'
import { CreateSuiteRequest } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import { PromptTest_ErrorCode as ErrorCode, PromptTest_Kind as Kind } from '#contracts/gen/promptforge/test/v1/test.ts'
import { TestInternalServiceService } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import { COUNTED, half, startCallingRunner } from './calling-runner.ts'
import { DIALECTS } from './dialects.ts'
import { makeOverdue, type TestRunner } from './harness.ts'
import { answerJson, type Asked, beginEvents, type ProviderServer } from './provider-server.ts'
import { type SuiteUser, suiteUser } from './suite-user.ts'

const { begin, text, end } = DIALECTS['openai-compatible']

let provider: ProviderServer
let runner: TestRunner
let stop: () => Promise<void>
let suites: SuiteUser['suites']
let run: SuiteUser['run']
let ended: SuiteUser['ended']
/** What is put before each answer of the next run. */
let prefix: string
/** How the provider answers a judge; a test may set it. */
let answerJudge: (response: ServerResponse, asked: string) => unknown

const promptOf = ({ body }: Asked) => String(body['messages'][0].content)
const isJudge = (asked: string) => asked.startsWith('You judge which')
const toJudges = () => provider.journal.map(promptOf).filter(isJudge)

const says = (response: ServerResponse, words: string) => {
  beginEvents(response)
  response.end(begin(COUNTED) + text(words) + end('stop', COUNTED))
}

const quoted = (asked: string, name: string) =>
  new RegExp(`<${name}-(\\w{32})>\\n([^]*?)\\n</${name}-\\1>`).exec(asked)![2]!

/** Prefers the answer that begins with `good`. */
const preferGood = (response: ServerResponse, asked: string) => {
  const [first, second] = ['first', 'second'].map((name) => quoted(asked, name).startsWith('good'))
  const better = first === second ? 'neither' : first ? 'first' : 'second'
  says(response, JSON.stringify({ reason: 'It is good.', better }))
}
const preferFirst = (response: ServerResponse) => says(response, '{"reason": "It is first.", "better": "first"}')

function answer(response: ServerResponse, asked: Asked) {
  const prompt = promptOf(asked)
  if (isJudge(prompt)) return answerJudge(response, prompt)
  if (prompt === 'fail') return answerJson(response, 400, { error: { message: 'refused' } })
  return says(response, prompt.startsWith('same') ? prompt : `${prefix} ${prompt}`)
}

beforeAll(async () => {
  ;({ provider, runner, stop } = await startCallingRunner(answer))
  ;({ suites, run, ended } = suiteUser(runner))
})
beforeEach(() => {
  answerJudge = preferGood
  provider.journal.length = 0
})
// Whatever happened: money is what the rows say, and nothing stays reserved.
afterEach(async () => {
  expect(await runner.disagreements()).toEqual([])
  expect((await runner.budget()).reservedMicros).toBe(0n)
})
afterAll(() => stop())

const newSuite = async (names: string[], settings: object = {}) => {
  const assertions = [{ check: { $case: 'length' as const, value: { min: 1 } } }]
  const request = CreateSuiteRequest.fromPartial({
    promptId: runner.newPrompt('{{say}}'),
    name: 'Suite',
    settings: { modelProvider: 'sandbox', modelName: 'echo', ...settings },
    cases: names.map((name) => ({ name, values: { say: name }, assertions })),
  })
  return (await suites.createSuite(request, runner)).suite!
}

const runWith = async ({ suiteId }: Suite, before: string) => {
  prefix = before
  return (await ended((await run(suiteId)).runId)).runId
}

/** Two runs of a suite: one whose answers are bad, and one whose answers are good. */
async function twoRuns(names: string[], settings: object = {}) {
  const suite = await newSuite(names, settings)
  const ids = { fromRunId: await runWith(suite, 'bad'), toRunId: await runWith(suite, 'good') }
  provider.journal.length = 0
  return { suite, ids }
}

type Ids = { fromRunId: string; toRunId: string }

const judge = async (ids: Ids, settings: object = {}) =>
  (await suites.judgeSuiteRuns(
    JudgeSuiteRunsRequest.fromPartial({ ...ids, settings: { rubric: 'Is good.', ...settings } }),
    runner,
  ))!.judging!
const compare = async (ids: Ids, judgingId?: string) =>
  (await suites.compareSuiteRuns({ ...ids, judgingId }, runner)).comparison!

/** Waits until a judging has ended. */
const untilJudged = (ids: Ids, judgingId: string) =>
  until('the judging to end', async () => {
    const { judging } = await compare(ids, judgingId)
    return judging!.status === RunStatus.COMPLETED && judging
  }) as Promise<Judging>
const judgeToEnd = async (ids: Ids, settings: object = {}) => untilJudged(ids, (await judge(ids, settings)).judgingId)

const NAMES = ['1', '2', '3', '4', '5', '6']

describe('two runs of a suite', () => {
  test('are judged case by case in both orders, by tests of their own, beyond chance with six cases', async () => {
    const { ids } = await twoRuns(NAMES)
    expect((await compare(ids)).judging).toBeUndefined()
    const before = await runner.budget()
    const judging = await judgeToEnd(ids)
    expect(judging).toMatchObject({
      ...ids,
      settings: { rubric: 'Is good.', judge: { modelProvider: 'sandbox', modelName: 'echo' } },
      outcome: Outcome.BETTER,
      pValue: expect.closeTo(2 / 64),
      wins: 6,
      losses: 0,
      ties: 0,
      testsCount: 12,
      endedCount: 12,
      // 10 and 2 tokens at 1 and 4 dollars a million.
      costMicros: 12n * 18n,
    })
    expect((await runner.budget()).spentMicros - before.spentMicros).toBe(12n * 18n)
    expect(judging.cases.map(({ name }) => name)).toEqual(NAMES)
    const [one] = judging.cases
    expect(one).toMatchObject({ outcome: CaseOutcome.WIN, wins: 1, reason: 'It is good.' })
    const [fromFirst, toFirst] = await Promise.all(one!.judgeTestIds.map(runner.read))
    for (const found of [fromFirst!, toFirst!])
      expect(found).toMatchObject({
        kind: Kind.JUDGE,
        suiteRunId: judging.judgingId,
        caseName: '1',
        repeat: 1,
        assertion: undefined,
        assertionResults: [{ preferred: Preference.TO, reason: 'It is good.', judgeTestId: found.testId }],
      })
    expect(quoted(fromFirst!.promptContent, 'first')).toBe('bad 1')
    expect(quoted(toFirst!.promptContent, 'first')).toBe('good 1')
    expect((await compare(ids)).judging).toEqual(judging)
  })

  test('are a tie in a case where the orders disagree, and where the answers are the same, of which nobody is asked', async () => {
    const { ids } = await twoRuns(['a', 'same'])
    answerJudge = preferFirst
    const judging = await judgeToEnd(ids)
    expect(judging).toMatchObject({ outcome: Outcome.INSUFFICIENT, ties: 2, wins: 0, testsCount: 2 })
    expect(judging.cases).toMatchObject([
      { name: 'a', outcome: CaseOutcome.TIE, ties: 1 },
      { name: 'same', outcome: CaseOutcome.TIE, reason: 'the answers are the same', judgeTestIds: [] },
    ])
    expect(toJudges()).toHaveLength(2)
  })

  test('with the same answers only are judged at once, for nothing', async () => {
    const { ids } = await twoRuns(['same'])
    expect(await judgeToEnd(ids)).toMatchObject({ ties: 1, testsCount: 0, costMicros: 0n })
    expect(provider.journal).toEqual([])
  })

  test('are judged without the cases that a run has no answer to', async () => {
    const { ids } = await twoRuns(['a', 'fail'])
    expect(await judgeToEnd(ids)).toMatchObject({ wins: 1, leftOut: ['fail'], cases: [{ name: 'a' }] })
  })

  test('are judged repeat by repeat', async () => {
    const { ids } = await twoRuns(['a'], { repeats: 3 })
    const judging = await judgeToEnd(ids)
    expect(judging).toMatchObject({ testsCount: 6, cases: [{ outcome: CaseOutcome.WIN, wins: 3 }] })
    expect(judging.cases[0]!.judgeTestIds).toHaveLength(6)
  })

  test('are judged by the model that is named, else by the judge of the suite', async () => {
    const { ids } = await twoRuns(['a'], { judge: { modelProvider: 'sandbox', modelName: 'judge', maxTokens: 99 } })
    await judgeToEnd(ids)
    await judgeToEnd(ids, { judge: { modelProvider: 'sandbox', modelName: 'slow-0' } })
    expect(provider.journal.map(({ body }) => [body['model'], body['max_tokens']])).toEqual([
      ['judge', 99],
      ['judge', 99],
      ['slow-0', 1024],
      ['slow-0', 1024],
    ])
  })
})

describe('the same judging', () => {
  test('is answered from what was judged; another rubric is another, and the last one is shown', async () => {
    const { ids } = await twoRuns(['a'])
    const first = await judgeToEnd(ids)
    const [again, twice] = await Promise.all([judge(ids), judge(ids)])
    expect([again, twice]).toEqual([first, first])
    answerJudge = preferFirst
    const another = await judgeToEnd(ids, { rubric: 'Is short.' })
    expect((await compare(ids)).judging).toMatchObject({ judgingId: another.judgingId, ties: 1 })
    expect((await compare(ids, first.judgingId)).judging).toEqual(first)
    expect(toJudges()).toHaveLength(4)
    const wrong = { fromRunId: ids.toRunId, toRunId: ids.fromRunId }
    expect(await rejection(compare(wrong, first.judgingId))).toMatchObject({ code: status.NOT_FOUND })
  })

  test('is begun once when it is asked for by many at once', async () => {
    const { ids } = await twoRuns(['a'])
    const asked = await Promise.all(Array.from({ length: 5 }, () => judge(ids)))
    expect(new Set(asked.map(({ judgingId }) => judgingId)).size).toBe(1)
    expect(await untilJudged(ids, asked[0]!.judgingId)).toMatchObject({ wins: 1, testsCount: 2 })
    expect(toJudges()).toHaveLength(2)
  })

  test('asks again for what could not be judged, and for nothing else', async () => {
    const { ids } = await twoRuns(['a', 'b'])
    answerJudge = (response, asked) =>
      quoted(asked, 'first') === 'bad b' ? says(response, 'I like it.') : preferGood(response, asked)
    const first = await judgeToEnd(ids)
    expect(first).toMatchObject({ wins: 1, inconclusive: 1, cases: [{}, { outcome: CaseOutcome.INCONCLUSIVE }] })
    expect(first.cases[1]!.reason).toContain('no verdict')
    answerJudge = preferGood
    const { judgingId } = await judge(ids)
    expect(judgingId).toBe(first.judgingId)
    expect(await untilJudged(ids, judgingId)).toMatchObject({
      wins: 2,
      inconclusive: 0,
      testsCount: 6,
      endedCount: 6,
      costMicros: 6n * 18n,
    })
  })
})

describe('a judging', () => {
  /** Has all judges wait from now on, until it is called. */
  function holdJudges(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    answerJudge = async (response, asked) => {
      await promise
      preferGood(response, asked)
    }
    return resolve
  }

  test('is no run of the suite: it is in no list, opens no gate, and its id is none of a run', async () => {
    const { suite, ids } = await twoRuns(['a'])
    const { judgingId } = await judgeToEnd(ids)
    const { runs } = await suites.listSuiteRuns({ suiteId: suite.suiteId, pageSize: 0, pageToken: '' }, runner)
    expect(runs.map(({ runId }) => runId)).toEqual([ids.toRunId, ids.fromRunId])
    expect(await rejection(suites.getSuiteRun({ runId: judgingId }, runner))).toMatchObject({ code: status.NOT_FOUND })
    const { suiteId, promptId } = suite
    const gate = { suiteId, promptId, contentHash: 'a'.repeat(64) }
    const checked = await runner.stub(TestInternalServiceService, 'version').checkGate(gate, runner)
    expect(checked).toMatchObject({ isOpen: true, runId: ids.toRunId })
    const events = await runner.database.query(`select 1 from outbox where payload::text like $1`, [`%${judgingId}%`])
    expect(events).toEqual([])
  })

  test('is cancelled, by its own RPC only: it ends soon, and nobody is asked after that', async () => {
    const { suite, ids } = await twoRuns(Array.from({ length: 12 }, (_, n) => `case ${n}`))
    const release = holdJudges()
    const { judgingId } = await judge(ids)
    await until('judges to be asked', () => toJudges().length > 0)
    for (const refused of [
      suites.cancelSuiteRun({ runId: judgingId }, runner),
      suites.cancelJudging({ judgingId: ids.toRunId }, runner),
    ])
      expect(await rejection(refused)).toMatchObject({ code: status.NOT_FOUND })
    expect(await rejection(suites.deleteSuite({ suiteId: suite.suiteId }, runner))).toMatchObject({
      code: status.FAILED_PRECONDITION,
    })
    await suites.cancelJudging({ judgingId }, runner)
    const judging = await untilJudged(ids, judgingId)
    const asked = toJudges().length
    expect(judging).toMatchObject({ inconclusive: 12, outcome: Outcome.INSUFFICIENT, endedCount: 24 })
    const judges = await Promise.all(judging.cases.map(({ judgeTestIds }) => runner.read(judgeTestIds[0]!)))
    expect(judges.every(({ errorCode }) => errorCode === ErrorCode.CANCELLED)).toBe(true)
    release()
    expect(toJudges()).toHaveLength(asked)
  })

  test('reserves the most that it can cost, all or none', async () => {
    const { ids } = await twoRuns(['a', 'b'])
    const { spentMicros } = await runner.budget()
    // Four judges, each with 1,024 tokens at 4 dollars a million, and its text.
    await runner.tests.setBudget({ dailyLimitMicros: spentMicros + 16_000n }, runner)
    expect(await rejection(judge(ids))).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'BUDGET_EXCEEDED' })
    await runner.tests.setBudget({ dailyLimitMicros: 10_000_000n }, runner)
    expect((await compare(ids)).judging).toBeUndefined()
    expect(provider.journal).toEqual([])
  })

  test('asks a judge whose worker was lost once more, waits for one that is throttled, and cannot be retried by test', async () => {
    const { ids } = await twoRuns(['a'])
    let calls = 0
    answerJudge = (response, asked) => {
      calls += 1
      if (calls === 1) return half(response)
      if (calls === 2) return answerJson(response, 429, { error: { message: 'busy' } }, { 'retry-after': '1' })
      return preferGood(response, asked)
    }
    const { judgingId } = await judge(ids)
    const running = () =>
      runner.database.query<{ id: string }>(
        `select id from prompt_tests where suite_run_id = $1 and status = 'RUNNING'`,
        [judgingId],
      )
    await until('a judge to be throttled', () => calls >= 2)
    await until('only the other to run', async () => (await running()).length === 1)
    const [{ id: testId }] = (await running()) as [{ id: string }]
    await runner.database.query('update prompt_tests set worker_id = gen_random_uuid() where id = $1', [testId])
    await makeOverdue(runner, testId)
    const judging = await untilJudged(ids, judgingId)
    expect(judging).toMatchObject({ wins: 1, testsCount: 2 })
    expect(await runner.read(testId)).toMatchObject({ attempts: 2 })
    expect(await rejection(runner.tests.retryTest({ testId }, runner))).toMatchObject({ reason: 'TEST_IS_JUDGE' })
  })

  test('goes on when the replica was lost between a judge and its verdict, and asks no judge again', async () => {
    const { ids } = await twoRuns(['a'])
    const { judgingId } = await judgeToEnd(ids)
    await runner.database.query(`update suite_runs set status = 'RUNNING', completed_at = null where id = $1`, [
      judgingId,
    ])
    await runner.database.query(
      'update prompt_tests set verdict = null, assertion_results = null where suite_run_id = $1',
      [judgingId],
    )
    expect(await untilJudged(ids, judgingId)).toMatchObject({ wins: 1 })
    expect(toJudges()).toHaveLength(2)
  })

  test('shows and asks nothing while its owner may not read both versions', async () => {
    const { suite, ids } = await twoRuns(['a'])
    const judging = await judgeToEnd(ids)
    // The first run was of a version that the caller may not read.
    await runner.database.query('update suite_runs set prompt_version = 7 where id = $1', [ids.fromRunId])
    const found = (await compare(ids)).judging!
    expect(found).toMatchObject({ wins: 1, cases: [{ outcome: CaseOutcome.WIN, reason: '' }] })
    const test = await runner.read(judging.cases[0]!.judgeTestIds[0]!)
    expect(test).toMatchObject({ contentWithheld: true, promptContent: '', response: '' })
    expect(test.assertionResults).toMatchObject([{ reason: '', preferred: Preference.TO }])
    expect(await rejection(judge(ids, { rubric: 'Is short.' }))).toMatchObject({ code: status.NOT_FOUND })
    const watch = runner.tests.watchTest({ testId: test.testId, after: '' }, runner)
    expect(await rejection(watch[Symbol.asyncIterator]().next())).toMatchObject({ code: status.NOT_FOUND })
    await runner.database.query('update suite_runs set prompt_version = 1 where id = $1', [ids.fromRunId])
    runner.contents.delete(suite.promptId)
    expect((await compare(ids)).judging).toMatchObject({ cases: [{ reason: '' }] })
  })
})

test('more answers than 5,000 judges can judge, and more than 32 MiB of them, are refused at once, and nothing is stored', async () => {
  const { ids } = await twoRuns(['a'])
  for (const [runId, answer] of [
    [ids.fromRunId, 'a'],
    [ids.toRunId, 'b'],
  ])
    // prettier-ignore
    await runner.database.query(
      `insert into prompt_tests
       select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'repeat', n, 'cost_micros', 0, 'response', repeat($2, 8192)))).*
       from prompt_tests t, generate_series(2, 2501) n where t.suite_run_id = $1`,
      [runId, answer],
    )
  const problems = [
    { field: 'to_run_id', description: expect.stringContaining('would make 5002 tests') },
    { field: 'to_run_id', description: expect.stringContaining('longer than 32 MiB') },
  ]
  const wrong = await rejection(judge(ids))
  expect(wrong).toMatchObject({ code: status.INVALID_ARGUMENT, violations: problems })
  expect((await compare(ids)).judging).toBeUndefined()
  expect(toJudges()).toEqual([])
})

test('one error names all that is wrong with a judge; runs must be of one suite, and the caller’s', async () => {
  const { ids } = await twoRuns(['same'])
  const wrong = { modelProvider: 'sandbox', modelName: 'echo', maxTokens: 5000 }
  expect((await rejection(judge(ids, { judge: wrong }))).violations).toMatchObject([
    { field: 'settings.judge.max_tokens' },
  ])
  const { ids: others } = await twoRuns(['same'])
  expect((await rejection(judge({ ...ids, toRunId: others.toRunId }))).violations).toMatchObject([
    { field: 'to_run_id' },
  ])
  const stranger = { userId: '0198c0de-0000-7000-8000-0000000000ff', username: 'eve' }
  const token = await runner.identity.tokenFor(stranger)
  const request = JudgeSuiteRunsRequest.fromPartial({ ...ids, settings: { rubric: 'x' } })
  expect(await rejection(suites.judgeSuiteRuns(request, { token }))).toMatchObject({ code: status.NOT_FOUND })
})
