import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { planOf } from '#chassis/testing/plan-of.ts'
import { type Asked, asking, rowsSorted, tablesScanned } from '#chassis/testing/plans.ts'
import { LAST_ID } from '#chassis/ids.ts'
import { getBudget, setBudget } from '../db/budgets.ts'
import { cancelTest } from '../db/cancel-test.ts'
import { claimTests } from '../db/claim-test.ts'
import { getComparison, listCompared, listComparisons } from '../db/comparisons.ts'
import * as erase from '../db/erase-user.ts'
import { countQueue } from '../db/count-queue.ts'
import { finishTest } from '../db/finish-test.ts'
import { getCompletedTest, getTest } from '../db/get-test.ts'
import { insertTest } from '../db/insert-test.ts'
import { listCancelled, renewLeases } from '../db/leases.ts'
import { getJudging, judgingOfRuns, listJudgedCases, listPairs } from '../db/judgings.ts'
import { askJudges, listHeard, listWaitingJudges } from '../db/judges.ts'
import { listStates } from '../db/list-states.ts'
import { listTests, listTestsOfRun } from '../db/list-tests.ts'
import {
  deferTest,
  getOwnKey,
  keyOfWaiting,
  listSealedOtherwise,
  resealKey,
  wakeDeferred,
} from '../db/provider-keys.ts'
import { schema } from '../db/schema.ts'
import { getSuiteRun, listRunCases, listSuiteRuns, newestVerdict } from '../db/suite-runs.ts'
import { cancelRun, hasUnjudged, judgeTest, listRunning, listUnjudged, releaseTests } from '../db/suite-tests.ts'
import { getSuite, listCases, listSuites } from '../db/suites.ts'
import { countUnfinished, dispatchDue, giveUpLost, listLost, requeueLost } from '../db/sweep.ts'
import { throttleTest } from '../db/throttle-test.ts'

const MAKE_ID = `
  create function pg_temp.id(prefix text, n integer) returns uuid language sql as
  $$ select (prefix || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$`

// 100,000 tests of 1,000 users, a second apart, of which 1 in 100 has not ended (most wait to be due, some are due, run or are lost), and
// 20,000 more of one user. Each user has two suites with three runs, of 10 cases with one test each, and a judge for half of them; one run in ten goes on. A thousand
// pairs of runs were judged. Each has two
// keys, of which one was revoked, and ten comparisons.
const ENDED = `'COMPLETED', now(), null::uuid, null::timestamptz, null::timestamptz`
const FILL = `
  insert into model_prices (id, provider, model, valid_from, input, cache_read, cache_write, output)
  select pg_temp.id('00000001', i), 'sandbox', 'model ' || i, now(), 1, 1, 1, 1 from generate_series(1, 20) i;
  insert into provider_keys (id, user_id, provider, name, hint, secret_id, sealed, created_at, revoked_at)
  select pg_temp.id('00000002', i), pg_temp.id('00000000', i % 1000), 'sandbox', 'Key', 'wxyz', case when i % 2 = 0 then 's' || i % 2 end,
    case when i % 2 = 0 then 'x'::bytea end, now(), case when i % 2 = 1 then now() end
  from generate_series(1, 20000) i;
  insert into budgets (user_id, unfinished) select pg_temp.id('00000000', i), case when i = 2000 then 1000 else 50 end from generate_series(0, 20000) i;
  insert into spend (user_id, day, reserved, spent)
  select pg_temp.id('00000000', i), (now() at time zone 'utc')::date - d, 1000000, 10 from generate_series(0, 2000) i cross join generate_series(0, 5) d;
  insert into suites (id, prompt_id, user_id, name, settings, cases_count, created_at, updated_at, deleted_at)
  select pg_temp.id('00000003', i), pg_temp.id('00000009', i % 700), pg_temp.id('00000000', i % 1000), 'Suite', '{"repeats": 1}', 10,
    now() - i * interval '1 minute', now(), case when i % 10 = 3 then now() end
  from generate_series(1, 5000) i;
  insert into suite_cases (suite_id, position, definition)
  select pg_temp.id('00000003', i), c, '{"name": "case"}' from generate_series(1, 5000) i cross join generate_series(0, 9) c;
  insert into suite_runs (id, suite_id, cases_revision, prompt_id, user_id, prompt_version, content_hash, settings, status, verdict, tests_count,
    created_at, completed_at)
  select pg_temp.id('00000004', i), pg_temp.id('00000003', 1 + i % 5000), 1, pg_temp.id('00000009', (1 + i % 5000) % 700),
    pg_temp.id('00000000', (1 + i % 5000) % 1000), 1, repeat('a', 64), '{"repeats": 1}',
    case when i % 10 = 0 then 'RUNNING' else 'COMPLETED' end, case when i % 10 > 0 then 'PASS' end, 10,
    now() - i * interval '1 minute', case when i % 10 > 0 then now() end
  from generate_series(1, 6000) i;
  insert into suite_run_cases (run_id, position, definition)
  select pg_temp.id('00000004', i), c, '{"name": "case"}' from generate_series(1, 6000) i cross join generate_series(0, 9) c;
  insert into prompt_tests (id, prompt_id, user_id, prompt_content, model_provider, model_name, status, completed_at, worker_id, lease_until,
    not_before, created_at, prompt_version, content_hash, lane, price_id, reserved_micros, spend_day, dispatched_at, key_id)
  select pg_temp.id('00000005', i), pg_temp.id('00000009', i % 5000), pg_temp.id('00000000', case when i > 100000 then 2000 else i % 1000 end),
    repeat('text ', 20), 'sandbox', 'model ' || i % 20, s.*, now() - i * interval '1 second', 1, repeat('a', 64), 'sandbox',
    pg_temp.id('00000001', 1), 100, now()::date, now() - case when i % 1000 = 100 then interval '1 hour' else interval '1 s' end,
    case when i % 50 = 0 then pg_temp.id('00000002', 1 + i % 100) end
  from generate_series(1, 120000) i cross join lateral (
    select ${ENDED} where i % 100 <> 0
    union all select 'PENDING', null, null, null, case when i % 1000 = 100 then null else now() + interval '1 hour' end
      where i % 100 = 0 and i % 1000 <> 0
    union all select 'RUNNING', null, pg_temp.id('00000006', i), now() + case when i % 10000 = 0 then interval '-1 s' else '10 s' end, null
      where i % 1000 = 0
  ) s;
  insert into prompt_tests (id, prompt_id, user_id, prompt_content, model_provider, model_name, status, completed_at, not_before, created_at,
    prompt_version, content_hash, lane, price_id, reserved_micros, spend_day, suite_run_id, case_position, case_name, repeat, verdict, kind)
  select pg_temp.id('00000007', i * 10 + c), r.prompt_id, r.user_id, repeat('text ', 20), 'sandbox', 'model 1',
    case when r.status = 'RUNNING' and c > 4 then 'PENDING' else 'COMPLETED' end, case when r.status = 'COMPLETED' or c <= 4 then now() end,
    case when r.status = 'RUNNING' and c > 4 then timestamptz '9999-12-31T00:00:00Z' end, r.created_at, 1, repeat('a', 64), 'sandbox',
    pg_temp.id('00000001', 1), 100, now()::date, r.id, c, 'case', 1, case when r.status = 'COMPLETED' or c <= 2 then 'PASS' end, 'CASE'
  from generate_series(1, 6000) i join suite_runs r on r.id = pg_temp.id('00000004', i) cross join generate_series(0, 9) c;
  insert into prompt_tests (id, prompt_id, user_id, prompt_content, model_provider, model_name, status, completed_at, not_before, created_at,
    prompt_version, content_hash, lane, price_id, reserved_micros, spend_day, suite_run_id, case_position, case_name, repeat, verdict, kind,
    assertion_position)
  select pg_temp.id('0000000a', i * 10 + c), r.prompt_id, r.user_id, case when r.status = 'RUNNING' then '' else repeat('text ', 20) end,
    'sandbox', 'model 1', case when r.status = 'RUNNING' then 'PENDING' else 'COMPLETED' end,
    case when r.status = 'COMPLETED' then now() end, case when r.status = 'RUNNING' then timestamptz '9999-12-31T00:00:00Z' end, r.created_at, 1,
    repeat('a', 64), 'sandbox', pg_temp.id('00000001', 1), 100, now()::date, r.id, c, 'case', 1,
    case when r.status = 'COMPLETED' then 'PASS' end, 'JUDGE', 0
  from generate_series(1, 6000) i join suite_runs r on r.id = pg_temp.id('00000004', i) cross join generate_series(0, 4) c;
  insert into suite_runs (id, suite_id, cases_revision, prompt_id, user_id, prompt_version, content_hash, settings, status, tests_count, created_at,
    completed_at, from_run_id, to_run_id)
  select pg_temp.id('0000000b', i), r.suite_id, 1, r.prompt_id, r.user_id, 1, r.content_hash, '{"rubric": "x"}', 'COMPLETED', 10, now(), now(), r.id,
    pg_temp.id('00000004', i + 5000)
  from generate_series(1, 1000) i join suite_runs r on r.id = pg_temp.id('00000004', i);
  insert into suite_run_cases (run_id, position, definition)
  select pg_temp.id('0000000b', i), c, '{"name": "case"}' from generate_series(1, 1000) i cross join generate_series(0, 9) c;
  insert into prompt_tests (id, prompt_id, user_id, prompt_content, model_provider, model_name, status, completed_at, created_at,
    prompt_version, content_hash, lane, price_id, reserved_micros, spend_day, suite_run_id, case_position, case_name, repeat, verdict, kind,
    shows_to_first)
  select pg_temp.id('0000000c', i * 10 + c), r.prompt_id, r.user_id, repeat('text ', 20), 'sandbox', 'model 1', 'COMPLETED', now(), r.created_at, 1,
    repeat('a', 64), 'sandbox', pg_temp.id('00000001', 1), 100, now()::date, r.id, c / 2, 'case', 1, 'PASS', 'JUDGE', c % 2 = 0
  from generate_series(1, 1000) i join suite_runs r on r.id = pg_temp.id('0000000b', i) cross join generate_series(0, 9) c;
  insert into test_comparisons (id, name, prompt_id, user_id, created_at)
  select pg_temp.id('00000008', i), 'Comparison', pg_temp.id('00000009', i % 5000), pg_temp.id('00000000', i % 1000), now() - i * interval '1 minute'
  from generate_series(1, 10000) i;
  insert into comparison_test_ids (comparison_id, test_id, position)
  select pg_temp.id('00000008', i), pg_temp.id('00000005', 10 * i + n), n from generate_series(1, 10000) i cross join generate_series(0, 3) n;
  insert into erased_users (user_id, heard_at) select pg_temp.id('00000000', i), now() from generate_series(1, 5000) i`

const idOf = (prefix: string, n: number) => `${prefix}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
/** One of many, who has a hundred tests; and who has 20,000. */
const [ANN, BUSY] = [idOf('00000000', 0), idOf('00000000', 2000)]
const [ENDED_TEST, WAITING, RUNNING, LOST] = [11, 500, 1000, 10_000].map((n) => idOf('00000005', n)) as [
  string,
  string,
  string,
  string,
]
const WORKER = idOf('00000006', 1000)
const KEY = idOf('00000002', 2)
/** Of ANN. */
const SUITE = idOf('00000003', 1000)
/** Goes on. */
const GOING = idOf('00000004', 10)
const RUN = idOf('00000004', 999)
const OTHER_RUN = idOf('00000004', 5999)
/** Of these two. */
const JUDGING = idOf('0000000b', 999)
const PROMPT = idOf('00000009', 7)

const FIRST = { beforeTime: 'infinity', beforeId: LAST_ID, limit: 21 }
const NEXT = { beforeTime: new Date(Date.now() - 50_000_000), beforeId: LAST_ID, limit: 21 }
const FILTERS = { promptId: null, status: null, provider: null, model: null }
const event = { eventHeaders: '{}' }

const newTest = {
  id: randomUUID(),
  promptId: PROMPT,
  userId: ANN,
  promptContent: 'Text',
  provider: 'sandbox',
  model: 'model 1',
  temperature: null,
  maxTokens: 10,
  version: 1,
  contentHash: 'a'.repeat(64),
  variables: '{}',
  lane: 'sandbox',
  priceId: idOf('00000001', 1),
  reserved: 10n,
  defaultLimit: 10_000_000n,
  retryOf: ENDED_TEST,
  keyId: KEY,
  keyOwner: ANN,
  keyMethod: 'RunTest',
  key: randomUUID(),
  requestHash: Buffer.from('hash'),
  resourceId: randomUUID(),
}

const ending = {
  status: 'COMPLETED',
  response: 'Text',
  inputTokens: 1,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 1,
  reasoningTokens: 0,
  rawUsage: '{}',
  usageSource: 'PROVIDER',
  costMicros: 1n,
  dollars: '0.0000',
  firstTokenMs: 1,
  responseTimeMs: 1,
  finishReason: 'stop',
  errorCode: null,
  errorMessage: null,
}

const STATEMENTS: Asked[] = [
  asking(insertTest, { ...newTest, ...event }),
  asking(getTest, { id: ENDED_TEST, userId: ANN }),
  asking(getCompletedTest, { id: ENDED_TEST, userId: ANN }),
  asking(claimTests, { ids: [WAITING, RUNNING], workerIds: [randomUUID(), randomUUID()] }),
  asking(renewLeases, { ids: [RUNNING], workerIds: [WORKER] }),
  asking(listCancelled, { ids: [RUNNING], workerIds: [WORKER] }),
  asking(finishTest, { id: RUNNING, workerId: WORKER, ...ending, ...event }),
  asking(throttleTest, { id: RUNNING, workerId: WORKER, waitMs: 1 }),
  asking(cancelTest, { id: WAITING, userId: ANN, ...event }),
  asking(dispatchDue, event),
  asking(listLost, {}),
  asking(requeueLost, { id: LOST, defaultLimit: 10_000_000n, ...event }),
  asking(giveUpLost, { id: LOST, ...event }),
  asking(countUnfinished, { max: 10_000 }),
  asking(countQueue, { max: 20_000 }),
  asking(listStates, { ids: [ENDED_TEST, WAITING] }),
  ...[FIRST, NEXT].flatMap((page) => [
    asking(listTestsOfRun, { userId: ANN, ...FILTERS, suiteRunId: RUN, ...page }),
    asking(listComparisons, { userId: ANN, promptId: null, ...page }),
    asking(listSuites, { userId: ANN, promptId: null, ...page }),
    asking(listSuites, { userId: ANN, promptId: PROMPT, ...page }),
    asking(listSuiteRuns, { suiteId: SUITE, ...page }),
  ]),
  asking(getComparison, { id: idOf('00000008', 1000), userId: ANN }),
  asking(listCompared, { id: idOf('00000008', 1000) }),
  asking(getBudget, { userId: ANN, defaultLimit: 1n }),
  asking(setBudget, { userId: ANN, dailyLimit: 1n }),
  asking(getSuite, { id: SUITE, userId: ANN }),
  asking(listCases, { id: SUITE }),
  asking(getSuiteRun, { id: RUN, userId: ANN }),
  asking(listRunCases, { id: RUN }),
  asking(newestVerdict, { suiteId: SUITE, userId: ANN, promptId: PROMPT, contentHash: 'a'.repeat(64) }),
  asking(listUnjudged, { runId: GOING }),
  asking(hasUnjudged, { runId: GOING }),
  asking(judgeTest, { id: idOf('00000007', 104), verdict: 'PASS', results: null }),
  asking(listWaitingJudges, { runId: GOING, position: 4, repeat: 1 }),
  asking(askJudges, {
    id: idOf('00000007', 104),
    results: '[]',
    judges: [idOf('0000000a', 104)],
    texts: ['Text'],
    bounds: [1n],
  }),
  asking(listHeard, { runId: GOING }),
  asking(getJudging, { id: JUDGING, userId: ANN }),
  asking(judgingOfRuns, { fromRunId: RUN, toRunId: OTHER_RUN, judgingId: null }),
  asking(judgingOfRuns, { fromRunId: RUN, toRunId: OTHER_RUN, judgingId: JUDGING }),
  asking(listPairs, { fromRunId: RUN, toRunId: OTHER_RUN }),
  asking(listJudgedCases, { id: JUDGING }),
  asking(releaseTests, { runId: GOING, ...event }),
  asking(cancelRun, { runId: GOING, userId: ANN }),
  asking(listRunning, {}),
  asking(getOwnKey, { id: KEY, userId: ANN }),
  asking(keyOfWaiting, { id: WAITING }),
  asking(deferTest, { id: WAITING, waitMs: 1 }),
  asking(wakeDeferred, { keyId: KEY, room: 4, ...event }),
  asking(listSealedOtherwise, { secretId: 's0', after: '00000000-0000-0000-0000-000000000000' }),
  asking(resealKey, { id: KEY, before: 's0', secretId: 's1', sealed: Buffer.from('x') }),
  ...[ANN, BUSY].flatMap((userId) => [
    asking(erase.rememberErased, { userId }),
    asking(erase.forgetErased, { userId }),
    asking(erase.cancelAllTests, { userId, ...event }),
    asking(erase.eraseKeys, { userId }),
    asking(erase.deleteSuites, { userId }),
    asking(erase.eraseSuites, { userId }),
    asking(erase.eraseRuns, { userId }),
    asking(erase.deleteComparisons, { userId }),
    asking(erase.deleteLimit, { userId }),
  ]),
]

/** Tables that may be scanned: they have a row for each provider. */
const SMALL = ['provider_throttles']

/** Rows that a statement may sort: what one sweep looks at. */
const SORTED = 500

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase(schema)
  await database.query(MAKE_ID)
  await database.query(FILL)
  await database.query('analyze')
})
afterAll(() => database.drop())

describe.each(['generic', 'custom'] as const)('with a %s plan', (mode) => {
  test.each(STATEMENTS.map(({ name, plan }) => [name, plan] as const))(
    '%s scans no large table, and sorts no more rows than a sweep looks at',
    async (_, plan) => {
      const nodes = await plan(database, mode)
      expect(tablesScanned(nodes).filter((table) => !SMALL.includes(table ?? ''))).toEqual([])
      expect(Math.max(0, ...rowsSorted(nodes))).toBeLessThanOrEqual(SORTED)
    },
  )
})

// What has no name never has a generic plan.
describe('planned at each run', () => {
  test.each(
    [FIRST, NEXT].flatMap((page) => [
      { userId: ANN, ...FILTERS, ...page },
      { userId: BUSY, ...FILTERS, ...page },
      { userId: BUSY, ...FILTERS, provider: 'sandbox', model: 'model 3', ...page },
      { userId: BUSY, ...FILTERS, status: 'PENDING', promptId: PROMPT, ...page },
    ]),
  )('a list of tests scans no table, and sorts no more than few: %j', async (asked) => {
    const nodes = await planOf(database, 'custom', listTests, asked)
    expect(tablesScanned(nodes)).toEqual([])
    expect(Math.max(0, ...rowsSorted(nodes))).toBeLessThanOrEqual(SORTED)
  })

  test.each([
    ['the first page', 'infinity', '-infinity'],
    ['one in the middle', NEXT.beforeTime, '-infinity'],
    ['what came not long ago', 'infinity', new Date(Date.now() - 3_600_000)],
  ])('the erasure of 20,000 tests reads and changes a page at a time: %s', async (_, beforeTime, since) => {
    const asked = { userId: BUSY, since, beforeTime, beforeId: LAST_ID }
    const nodes = await planOf(database, 'custom', erase.eraseTests, asked)
    expect(tablesScanned(nodes)).toEqual([])
    expect(Math.max(...nodes.map((node) => node['Actual Rows']))).toBeLessThanOrEqual(201)
  })
})
