import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { until } from '#chassis/testing/until.ts'
import { EVENTS } from '#contracts/events.ts'
import type { Finding } from '../../services/deploy/recount/finding.ts'
import type { NotedCall } from '../../services/dev-env/sandbox/server.ts'
import { onDatabase } from '../processes/on-database.ts'
import type { Ledger } from './ledger.ts'

/** Milliseconds that all tests get to end: a hint that was lost comes again after a minute, a test whose worker was lost runs twice. */
const END_MS = 240_000

/** Waits until all tests and all runs of suites have ended; or no longer: then the recount tells which have not. */
export async function untilTestsEnded(url: string): Promise<void> {
  await until(
    'the end of all tests',
    async () => {
      const [row] = await onDatabase<{ ended: boolean }>(
        url,
        `select not exists (select from prompt_tests where completed_at is null)
          and not exists (select from suite_runs where completed_at is null) as ended`,
      )
      return row!.ended
    },
    END_MS,
  ).catch(() => undefined)
}

/** Compares tests with what was acknowledged, with the calls that the sandbox got (`calls`: its journal), and with their events. */
export async function recountTests(url: string, { tests: acked }: Ledger, calls: string): Promise<Finding[]> {
  const rows = await onDatabase<TestRow>(url, TESTS)
  const runs = await onDatabase<RunRow>(url, RUNS)
  const comparisons = await onDatabase<{ id: string; count: number }>(url, COMPARISONS)
  const events = await onDatabase<{ subject: string; test: string }>(url, EVENTS_OF_TESTS)
  return [
    asked(acked.asked, rows),
    ended(acked.cancelled, rows),
    completed(rows),
    callsOf(rows, calls),
    eventsOf(rows, events),
    suiteRuns(
      acked.suiteRuns,
      runs.filter(({ is_judging: isJudging }) => !isJudging),
    ),
    judgings(
      acked.judgings,
      runs.filter(({ is_judging: isJudging }) => isJudging),
    ),
    watched(acked.watches, rows),
    {
      what: 'acknowledged comparisons are there, with their tests',
      compared: acked.comparisons.size,
      wrong: [...acked.comparisons]
        .filter((id) => comparisons.find((one) => one.id === id)?.count !== 4)
        .map((id) => `comparison ${id} is gone, or has not its 4 tests`),
    },
  ]
}

type TestRow = {
  id: string
  topic: string
  status: string
  finish_reason: string | null
  has_response: boolean
  has_ended: boolean
  attempts: number
  /** The model, and the SHA-256 of the text. */
  call: string
  is_of_suite: boolean
  /** The SHA-256 of the response. */
  response: string
}
type RunRow = {
  id: string
  is_judging: boolean
  has_ended: boolean
  tests_count: number
  verdict: string | null
  judged: number
  tests: number
}

const TESTS = `select id, variables ->> 'topic' as topic, status, finish_reason, response is not null as has_response,
    completed_at is not null as has_ended, attempts, suite_run_id is not null as is_of_suite,
    encode(sha256(convert_to(coalesce(response, ''), 'UTF8')), 'hex') as response,
    model_name || ' ' || encode(sha256(convert_to(prompt_content, 'UTF8')), 'hex') as call
  from prompt_tests`

const RUNS = `select r.id, r.to_run_id is not null as is_judging, r.completed_at is not null as has_ended, r.tests_count, r.verdict, count(t.verdict)::integer as judged, count(t.id)::integer as tests
  from suite_runs r left join prompt_tests t on t.suite_run_id = r.id group by r.id`

const COMPARISONS = `select c.id, count(t.test_id)::integer as count
  from test_comparisons c left join comparison_test_ids t on t.comparison_id = c.id group by c.id`

const EVENTS_OF_TESTS = `select subject, payload -> 'metadata' ->> 'aggregateId' as test from outbox where payload -> 'tested' is not null`

function asked(acked: Ledger['tests']['asked'], rows: TestRow[]): Finding {
  const byTopic = Map.groupBy(rows, ({ topic }) => topic)
  const wrong = [...acked].flatMap(([topic, id]) => {
    const own = byTopic.get(topic) ?? []
    if (own.length > 1) return [`${own.length} tests were made of one request`]
    return id === undefined || own[0]?.id === id ? [] : [`test ${id} is gone`]
  })
  const count = [...acked.values()].filter((id) => id !== undefined).length
  return { what: 'acknowledged tests are there, each once', compared: count, wrong }
}

function ended(cancelled: Set<string>, rows: TestRow[]): Finding {
  const known = new Set(rows.map(({ id }) => id))
  return {
    what: 'every test has ended, those that were cancelled as well',
    compared: rows.length,
    wrong: [
      ...rows.filter(({ has_ended: hasEnded }) => !hasEnded).map(({ id, status }) => `test ${id} is ${status}`),
      ...[...cancelled].filter((id) => !known.has(id)).map((id) => `test ${id}, which was cancelled, is gone`),
    ],
  }
}

function completed(rows: TestRow[]): Finding {
  const found = rows.filter(({ status }) => status === 'COMPLETED')
  const wrong = found
    .filter(({ has_response: hasResponse, finish_reason: reason }) => !hasResponse || reason === null)
    .map(({ id }) => `test ${id} has no response, or not why it ended`)
  if (found.length === 0) wrong.push('no test was completed: the sandbox did not answer')
  return { what: 'every test that was completed has a response and why it ended', compared: found.length, wrong }
}

/** A call that was throttled does not count. Tests with the same text and model are told apart by nothing: they are counted together. */
function callsOf(rows: TestRow[], journal: string): Finding {
  const lines = existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').filter(Boolean) : []
  const noted = lines
    .map((line) => JSON.parse(line) as NotedCall)
    .filter(({ isThrottled }) => !isThrottled)
    .map(({ model, prompt }) => `${model} ${prompt}`)
  const byCall = Map.groupBy(rows, ({ call }) => call)
  const wrong = [...Map.groupBy(noted, (call) => call)].flatMap(([call, { length }]) => {
    const attempts = (byCall.get(call) ?? []).reduce((sum, row) => sum + row.attempts, 0)
    return length <= attempts ? [] : [`${call} was called ${length} times in ${attempts} attempts`]
  })
  if (noted.length === 0) wrong.push('the sandbox was never called')
  return { what: 'no model was called more often than its tests say', compared: noted.length, wrong }
}

function eventsOf(rows: TestRow[], events: { subject: string; test: string }[]): Finding {
  const isOf = (subject: string, ...some: { subject: string }[]) =>
    some.some((event) => subject === event.subject || subject.startsWith(`${event.subject}.`))
  const countOf = (...some: { subject: string }[]) =>
    Map.groupBy(
      events.filter(({ subject }) => isOf(subject, ...some)),
      ({ test }) => test,
    )
  const begun = countOf(EVENTS.testRequested)
  const completed = countOf(EVENTS.testCompleted)
  const failed = countOf(EVENTS.testFailed)
  const wrong = rows.flatMap(({ id, status, is_of_suite: isOfSuite }) => {
    const found = [begun, completed, failed].map((by) => by.get(id)?.length ?? 0)
    const due = [true, status === 'COMPLETED', status === 'FAILED'].map((isDue) => Number(isDue && !isOfSuite))
    return found.join() === due.join() ? [] : [`test ${id}, ${status}, has the events ${found.join(', ')}`]
  })
  return { what: 'every test has the events of its beginning and its end, and no other', compared: rows.length, wrong }
}

function suiteRuns(acked: Set<string>, runs: RunRow[]): Finding {
  const known = new Set(runs.map(({ id }) => id))
  return {
    what: 'acknowledged runs of suites are there, with a verdict, and all their tests judged',
    compared: acked.size,
    wrong: [
      ...[...acked].filter((id) => !known.has(id)).map((id) => `the run ${id} is gone`),
      ...runs
        .filter(({ verdict, tests_count: count, tests, judged }) => !verdict || tests !== count || judged !== count)
        .map(({ id, verdict, tests_count: count, judged }) => `run ${id} is ${verdict}: ${judged} of ${count} judged`),
    ],
  }
}

function judgings(acked: Set<string>, rows: RunRow[]): Finding {
  const known = new Set(rows.map(({ id }) => id))
  const isWhole = ({ has_ended: hasEnded, tests_count: count, tests, judged }: RunRow) =>
    hasEnded && tests === count && judged === count
  return {
    what: 'acknowledged judgings are there, and all their judges were heard',
    compared: acked.size,
    wrong: [
      ...[...acked].filter((id) => !known.has(id)).map((id) => `the judging ${id} is gone`),
      ...rows
        .filter((row) => !isWhole(row))
        .map(({ id, judged, tests_count: count }) => `judging ${id}: ${judged} of ${count} heard`),
    ],
  }
}

/** Whoever watched a test to its end has all of its text, once, whatever broke meanwhile. */
function watched({ texts }: Ledger['tests']['watches'], rows: TestRow[]): Finding {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const wrong = texts
    .filter(({ testId, text }) => byId.get(testId)?.response !== createHash('sha256').update(text).digest('hex'))
    .map(({ testId, text }) => `a watcher of test ${testId} saw another text: ${text.slice(0, 60)}`)
  return { what: 'who watched a test to its end saw its text, all of it and once', compared: texts.length, wrong }
}
