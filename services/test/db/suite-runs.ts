import { integer, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { MAX_ROWS } from '#chassis/page-token.ts'

/** A run of a suite, and how far its tests are. Amounts are text. */
export type SuiteRunRow = {
  id: string
  suite_id: string
  cases_revision: number
  prompt_id: string
  user_id: string
  prompt_version: number
  content_hash: string
  settings: object
  status: 'RUNNING' | 'COMPLETED'
  verdict: 'PASS' | 'FAIL' | 'INCONCLUSIVE' | null
  pass_rate: number | null
  tests_count: number
  created_at: Date
  completed_at: Date | null
  ended_count: number
  cost_micros: string
}

/** Columns of SuiteRunRow, of a run `r` with its progress. */
export const RUN = `r.id, r.suite_id, r.cases_revision, r.prompt_id, r.user_id, r.prompt_version, r.content_hash, r.settings, r.status, r.verdict,
  r.pass_rate, r.tests_count, r.created_at, r.completed_at, t.ended_count, t.cost_micros`

/** How far the tests of a run `r` are. */
export const WITH_PROGRESS = `cross join lateral (
    select count(t.completed_at)::integer as ended_count, coalesce(sum(t.cost_micros), 0)::bigint as cost_micros
    from prompt_tests t where t.suite_run_id = r.id
  ) t`

/** Holds for a run `r` whose suite was not deleted. */
export const IS_SEEN = 'exists (select from suites s where s.id = r.suite_id and s.deleted_at is null)'

// A judging of two runs is a run of judges, and no run of the suite's cases.
const IS_RUN = 'r.to_run_id is null'

/** A user's run. */
export const getSuiteRun = statement('get_suite_run', { id: uuid, userId: uuid })<SuiteRunRow>(
  (p) =>
    `select ${RUN} from suite_runs r ${WITH_PROGRESS} where r.id = ${p.id} and r.user_id = ${p.userId} and ${IS_SEEN} and ${IS_RUN}`,
)

/** A page of the runs of a suite, newest first. */
export const listSuiteRuns = statement('list_suite_runs', {
  suiteId: uuid,
  beforeTime: timestamptz,
  beforeId: uuid,
  limit: integer,
})<SuiteRunRow>(
  (p) => `select ${RUN} from (
    select * from (
      select * from suite_runs r
      where r.suite_id = ${p.suiteId} and ${IS_RUN} and (r.created_at, r.id) < (${p.beforeTime}, ${p.beforeId})
      order by r.created_at desc, r.id desc
      limit ${MAX_ROWS}
    ) longest limit ${p.limit}
  ) r ${WITH_PROGRESS}
  order by r.created_at desc, r.id desc`,
)

/** A case of a run, and what came of its tests so far. `definition` is a SuiteCase in proto3 JSON. */
export type RunCaseRow = {
  definition: object
  repeats: number
  passes: number
  failures: number
  errors: number
  reason: string | null
  test_ids: string[]
  /** What its judges have said, by repeat and assertion; `result` is an AssertionResult as proto3 JSON, null when none was asked. */
  judgements: { id: string; repeat: number; assertion: number; result: object | null; error: string | null }[]
}

// Of the first assertion of a test `t` with this outcome.
const reasonOf = (outcome: 'FAIL' | 'ERROR') =>
  `jsonb_path_query_first(t.assertion_results, '$[*] ? (@.outcome == "${outcome}").reason') #>> '{}'`

/** The cases of a run, in their order. */
export const listRunCases = statement('list_run_cases', { id: uuid })<RunCaseRow>(
  (p) => `select c.definition, t.*, j.judgements
  from suite_run_cases c
  cross join lateral (
    select count(*)::integer as repeats, (count(*) filter (where t.verdict = 'PASS'))::integer as passes,
      (count(*) filter (where t.verdict = 'FAIL'))::integer as failures, (count(*) filter (where t.verdict = 'ERROR'))::integer as errors,
      (array_agg(coalesce(t.error_message, ${reasonOf('FAIL')}, ${reasonOf('ERROR')}) order by t.repeat)
        filter (where t.verdict <> 'PASS'))[1] as reason,
      array_agg(t.id order by t.repeat) as test_ids
    from prompt_tests t where t.suite_run_id = c.run_id and t.case_position = c.position and t.kind = 'CASE'
  ) t
  cross join lateral (
    select coalesce(json_agg(json_build_object('id', j.id, 'repeat', j.repeat, 'assertion', j.assertion_position,
        'result', j.assertion_results -> 0, 'error', j.error_message) order by j.repeat, j.assertion_position), '[]') as judgements
    from prompt_tests j
    where j.suite_run_id = c.run_id and j.case_position = c.position and j.kind = 'JUDGE' and j.verdict is not null
  ) j
  where c.run_id = ${p.id}
  order by c.position`,
)

/** The newest verdict of a suite's present cases and settings for what a version holds. */
export const newestVerdict = statement('newest_verdict', {
  suiteId: uuid,
  userId: uuid,
  promptId: uuid,
  contentHash: text,
})<{ id: string; verdict: 'PASS' | 'FAIL' | 'INCONCLUSIVE'; completed_at: Date }>(
  (p) => `select r.id, r.verdict, r.completed_at
  from suite_runs r join suites s on s.id = r.suite_id and s.cases_revision = r.cases_revision and s.deleted_at is null
  where r.suite_id = ${p.suiteId} and r.content_hash = ${p.contentHash} and r.status = 'COMPLETED' and ${IS_RUN}
    and s.user_id = ${p.userId} and s.prompt_id = ${p.promptId}
  order by r.completed_at desc limit 1`,
)
