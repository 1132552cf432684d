import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { Client } from 'pg'
import { v7 } from 'uuid'
import { jobCause } from '#chassis/cause.ts'
import { until } from '#chassis/testing/until.ts'
import { PromptTest_ErrorCode as ErrorCode } from '#contracts/gen/promptforge/test/v1/test.ts'
import { ComparisonServiceService } from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import { CreateSuiteRequest, SuiteServiceService } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import { eraseUser } from '../../dev-env/infra/erasing.ts'
import type { TestBroker } from '../../dev-env/infra/test-broker.ts'
import { COUNTED, startCallingRunner } from './calling-runner.ts'
import { DIALECTS } from './dialects.ts'
import { RUNNER, type TestRunner } from './harness.ts'
import { KEY, PAGE, stubOf } from './key-users.ts'
import { type Asked, beginEvents, type ProviderServer } from './provider-server.ts'

const { begin, text, end } = DIALECTS['openai-compatible']

/** What every text of these tests has, and nothing else. */
const SECRET = 'zibeline'

let broker: TestBroker
let provider: ProviderServer
let runner: TestRunner
let stop: () => Promise<void>
/** What the provider waits for before it goes on after the first words. */
let held: Promise<unknown>

async function answer(response: ServerResponse, { body }: Asked) {
  const asked = String(body['messages'][0].content)
  beginEvents(response)
  response.write(begin(COUNTED) + text(asked))
  if (asked.includes('slow')) await held
  response.end(text('.') + end('stop', COUNTED))
}

beforeAll(async () => {
  ;({ broker, provider, runner, stop } = await startCallingRunner(answer))
})
beforeEach(() => {
  held = Promise.resolve()
  provider.journal.length = 0
})
// Whatever happened: money is what the rows say.
afterEach(async () => expect(await runner.disagreements()).toEqual([]))
afterAll(() => stop())

const sql = <T extends object>(query: string, params: unknown[] = []) => runner.database.query<T>(query, params)

const erase = (userId: string) => eraseUser(broker, userId, 'test')

/** A user with what they do. */
async function newUser() {
  const userId = v7()
  const as = { token: await runner.identity.tokenFor({ ...RUNNER, userId }) }
  const [keys, suites, comparisons] = [
    stubOf(runner),
    runner.stub(SuiteServiceService),
    runner.stub(ComparisonServiceService),
  ]
  const choice = { modelProvider: 'sandbox', modelName: 'echo' }
  const read = async (testId: string) => (await runner.tests.getTest({ testId }, as)).test!
  const readRun = async (runId: string) => (await suites.getSuiteRun({ runId }, as)).run!
  return {
    userId,
    as,
    keys,
    suites,
    comparisons,
    read,
    run: async (word = 'said', more: object = {}) => {
      const promptId = runner.newPrompt(`${SECRET} {{word}}`)
      const request = { promptId, which: undefined, values: { word: `${word} ${SECRET}` }, ...choice, ...more }
      return (await runner.tests.runTest(request, as)).test!
    },
    ended: (testId: string) => until('the test to end', async () => (await read(testId)).completedAt && read(testId)),
    newSuite: async (words: string[], check: object = { $case: 'equals', value: `not ${SECRET}` }) => {
      const request = CreateSuiteRequest.fromPartial({
        promptId: runner.newPrompt('{{word}}'),
        name: `Suite ${SECRET}`,
        description: `About ${SECRET}`,
        settings: choice,
        cases: words.map((word, index) => ({
          name: `${index} ${SECRET}`,
          values: { word: `${word} ${SECRET}` },
          assertions: [{ check: check as never }],
        })),
      })
      return (await suites.createSuite(request, as)).suite!
    },
    runSuite: async (suiteId: string) => (await suites.runSuite({ suiteId, which: undefined }, as)).run!,
    runEnded: (runId: string) => until('the run to end', async () => (await readRun(runId)).completedAt),
    /** Has two runs judged whose answers are not the same. */
    judge: async (fromRunId: string, toRunId: string) => {
      await sql(`update prompt_tests set response = response || '.' where suite_run_id = $1`, [toRunId])
      const settings = { rubric: `Says more of ${SECRET}.`, judge: undefined }
      await suites.judgeSuiteRuns({ fromRunId, toRunId, settings }, as)
      await until('the judging to end', async () => {
        const { comparison } = await suites.compareSuiteRuns({ fromRunId, toRunId, judgingId: undefined }, as)
        return comparison!.judging!.completedAt
      })
    },
    compare: async (word = 'compared') => {
      const promptId = runner.newPrompt(`{{word}}`)
      const request = {
        promptId,
        name: `Comparison ${SECRET}`,
        notes: `Notes of ${SECRET}`,
        values: { word: `${word} ${SECRET}` },
        versions: [],
        models: [{ ...choice, keyId: undefined, allowUnpriced: false }] as never[],
        repeats: 2,
      }
      return (await comparisons.runComparison(request, as)).comparison!
    },
    storeKey: async () => {
      const name = `Key ${SECRET}`
      return (await keys.createProviderKey({ provider: 'sandbox', name, key: KEY }, as)).providerKey!
    },
  }
}

/** The tables that have a row with the word, or with the beginning of a key that is shown. */
async function tablesWith(...words: string[]): Promise<string[]> {
  const tables = await sql<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
  )
  const found: string[] = []
  for (const { name } of tables) {
    const rows = await sql<{ row: string }>(`select t::text as row from "${name}" t`)
    if (rows.some(({ row }) => words.some((word) => row.includes(word)))) found.push(name)
  }
  return found
}

const EVERYWHERE = [
  'prompt_tests',
  'provider_keys',
  'suite_cases',
  'suite_run_cases',
  'suite_runs',
  'suites',
  'test_comparisons',
]

/** A user of whom every table has something. */
async function livedIn() {
  const user = await newUser()
  const key = await user.storeKey()
  const revoked = await user.storeKey()
  await user.keys.revokeProviderKey({ keyId: revoked.keyId }, user.as)
  const one = await user.run()
  await user.ended((await user.run('with a key', { keyId: key.keyId })).testId)
  const comparison = await user.compare()
  for (const { testId } of comparison.tests) await user.ended(testId)
  await user.ended(one.testId)
  const suite = await user.newSuite(['a', 'b'])
  const runs = [await user.runSuite(suite.suiteId), await user.runSuite(suite.suiteId)]
  for (const { runId } of runs) await user.runEnded(runId)
  await user.judge(runs[0]!.runId, runs[1]!.runId)
  const judged = await user.newSuite(['d'], { $case: 'llmRubric', value: { rubric: `Says ${SECRET}.` } })
  await user.runEnded((await user.runSuite(judged.suiteId)).runId)
  const deleted = await user.newSuite(['c'])
  await user.runEnded((await user.runSuite(deleted.suiteId)).runId)
  await user.suites.deleteSuite({ suiteId: deleted.suiteId }, user.as)
  await runner.tests.setBudget({ dailyLimitMicros: 5_000_000n }, user.as)
  return { ...user, testId: one.testId }
}

/** What accounting has of a user. */
const accounts = (userId: string) =>
  sql(
    `select id, model_provider, model_name, status, error_code, input_tokens, output_tokens, cost_micros, key_id, created_at, completed_at
    from prompt_tests where user_id = $1 order by id`,
    [userId],
  )

describe('when a user is erased', () => {
  test('no table has a text of theirs any more, and what they spent is known still', async () => {
    const user = await livedIn()
    const other = await newUser()
    const { testId } = await other.run('another')
    await other.ended(testId)
    expect(await tablesWith(SECRET)).toEqual(EVERYWHERE)
    const ofJudges = await sql<{ row: string }>(
      `select t::text as row from prompt_tests t where kind = 'JUDGE' and response <> '' order by shows_to_first nulls first`,
    )
    // One of a rubric, and those of two cases in both orders.
    expect(ofJudges).toEqual(Array.from({ length: 5 }, () => ({ row: expect.stringContaining(SECRET) })))
    const before = await accounts(user.userId)
    const spend = await sql('select * from spend where user_id = $1', [user.userId])
    await erase(user.userId)
    // What is left is the other's.
    expect(await tablesWith(SECRET)).toEqual(['prompt_tests'])
    expect((await other.read(testId)).response).toContain(SECRET)
    await erase(other.userId)
    expect(await tablesWith(SECRET, KEY.slice(-4))).toEqual([])
    expect(await accounts(user.userId)).toEqual(before)
    expect(await sql('select * from spend where user_id = $1', [user.userId])).toEqual(spend)
    expect(await sql('select daily_limit_micros from budgets where user_id = $1', [user.userId])).toEqual([
      { daily_limit_micros: null },
    ])
    expect(await sql('select sealed, secret_id from provider_keys where sealed is not null')).toEqual([])
    expect(await user.suites.listSuites({ ...PAGE, promptId: undefined }, user.as)).toMatchObject({ suites: [] })
    // With the last token they can read on, and see that nothing is there.
    expect(await user.read(user.testId)).toMatchObject({ promptContent: '', values: {}, response: '' })
  })

  test('again, nothing changes', async () => {
    const user = await livedIn()
    await erase(user.userId)
    const rows = () => sql('select t.* from prompt_tests t where user_id = $1 order by id', [user.userId])
    const before = await rows()
    await erase(user.userId)
    expect(await rows()).toEqual(before)
  })

  test('a call that runs is aborted, what waits ends, and nothing of either is stored', async () => {
    const user = await newUser()
    held = new Promise(() => undefined)
    const { testId } = await user.run('slow')
    const suite = await user.newSuite(['slow 1', 'slow 2'])
    const { runId } = await user.runSuite(suite.suiteId)
    await until('the calls to begin', () => provider.journal.length === 3)
    const waiting = await user.run('throttled')
    await sql(`update prompt_tests set not_before = now() + interval '1 hour' where id = $1 and status = 'PENDING'`, [
      waiting.testId,
    ])
    await erase(user.userId)
    expect(await tablesWith(SECRET)).toEqual([])
    expect(await user.ended(testId)).toMatchObject({ errorCode: ErrorCode.CANCELLED, response: '', errorMessage: '' })
    await until('all to have ended', async () => {
      const rows = await sql('select from prompt_tests where user_id = $1 and completed_at is null', [user.userId])
      return rows.length === 0
    })
    expect(await tablesWith(SECRET)).toEqual([])
    expect(await sql('select status, verdict, settings from suite_runs where id = $1', [runId])).toEqual([
      { status: 'COMPLETED', verdict: 'INCONCLUSIVE', settings: {} },
    ])
    expect(await sql('select unfinished from budgets where user_id = $1', [user.userId])).toEqual([{ unfinished: 0 }])
  })

  test('what they store with their last access token goes within minutes, until nobody can have one', async () => {
    const user = await newUser()
    await erase(user.userId)
    // The job, which runs every minute, must not come in between.
    const [known] = await sql<{ heard_at: Date }>('delete from erased_users where user_id = $1 returning heard_at', [
      user.userId,
    ])
    await user.storeKey()
    await user.newSuite(['a'])
    const comparison = await user.compare()
    for (const { testId } of comparison.tests) await user.ended(testId)
    expect(await tablesWith(SECRET)).toEqual([
      'prompt_tests',
      'provider_keys',
      'suite_cases',
      'suites',
      'test_comparisons',
    ])
    await sql('insert into erased_users values ($1, $2)', [user.userId, known!.heard_at])
    const job = runner.service.context.worker.jobs.find(({ name }) => name === 'erase again')!
    const again = () => job.run(new AbortController().signal, jobCause('test'))
    await again()
    expect(await tablesWith(SECRET)).toEqual([])
    expect(await sql('select from erased_users where user_id = $1', [user.userId])).toHaveLength(1)

    await sql(`update erased_users set heard_at = now() - interval '2 hours' where user_id = $1`, [user.userId])
    await again()
    for (const table of ['erased_users', 'budgets'])
      expect(await sql(`select from ${table} where user_id = $1`, [user.userId])).toEqual([])
  })

  test('of many tests, too, and after its connection was cut in the middle of it', async () => {
    const user = await newUser()
    const { testId } = await user.run()
    await user.ended(testId)
    await sql(
      `insert into prompt_tests
      select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'cost_micros', 0,
        'created_at', t.created_at - i * interval '1 second'))).*
      from prompt_tests t cross join generate_series(1, 2000) i where t.id = $1`,
      [testId],
    )
    const withText = async () =>
      (await sql(`select from prompt_tests where user_id = $1 and prompt_content <> ''`, [user.userId])).length
    // One of the oldest is locked, so that the erasure stops before it; then its connection is cut.
    const blocker = new Client({ connectionString: runner.database.url })
    await blocker.connect()
    await blocker.query('begin')
    await blocker.query(`select from prompt_tests where user_id = $1 order by created_at limit 1 for update`, [
      user.userId,
    ])
    const erasing = erase(user.userId)
    await until('it to wait', async () => {
      const rows = await sql(
        `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%erased as (%' and datname = current_database()`,
      )
      return rows.length > 0
    })
    expect(await withText()).toBeGreaterThan(0)
    expect(await withText()).toBeLessThan(2001)
    await sql(
      `select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and query like '%erased as (%' and datname = current_database()`,
    )
    await blocker.query('rollback')
    await blocker.end()
    await erasing
    expect(await withText()).toBe(0)
  })
})
