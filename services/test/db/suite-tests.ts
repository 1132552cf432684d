import type { EntityManager } from '@mikro-orm/postgresql'
import { jsonb, nullable, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { CANCELLING, type Marked } from './cancel-test.ts'
import { job } from './emissions.ts'
import { settleCtes } from './settle.ts'

/** `not_before` of a test that waits to be let go. Not `infinity`, which a Date of JavaScript cannot be. */
export const HELD = '9999-12-31T00:00:00Z'

/** Tests of a run that are under way at once. */
export const MAX_UNDER_WAY = 16

/** Tests that one look finds. */
export const MAX_UNJUDGED = 32

/** Repeats the cases of a run, of which the first repeats are stored: thousands of rows, of which only the ids and their numbers differ. */
export const repeatCases = (em: EntityManager, runId: string, repeats: number): Promise<unknown> =>
  em.execute(
    `insert into prompt_tests (id, prompt_id, user_id, prompt_content, model_provider, model_name, temperature, max_tokens, status, created_at,
      prompt_version, content_hash, variables, lane, price_id, key_id, reserved_micros, spend_day, not_before, suite_run_id, case_position, case_name,
      repeat)
    select uuidv7(), prompt_id, user_id, prompt_content, model_provider, model_name, temperature, max_tokens, status, created_at,
      prompt_version, content_hash, variables, lane, price_id, key_id, reserved_micros, spend_day, not_before, suite_run_id, case_position, case_name,
      n
    from prompt_tests cross join generate_series(2, ?::integer) n where suite_run_id = ?`,
    [repeats, runId],
  )

/** A test that has ended and was not judged. `definition` is its case, a SuiteCase in proto3 JSON. */
export type UnjudgedRow = {
  id: string
  status: 'COMPLETED' | 'FAILED'
  response: string | null
  response_time_ms: number | null
  cost_micros: string
  finish_reason: string | null
  definition: object
}

/** Tests of a run that have ended and were not judged. */
export const listUnjudged = statement('list_unjudged', { runId: uuid })<UnjudgedRow>(
  (
    p,
  ) => `select t.id, t.status, t.response, t.response_time_ms::float8 as response_time_ms, t.cost_micros, t.finish_reason, c.definition
  from prompt_tests t join suite_run_cases c on c.run_id = t.suite_run_id and c.position = t.case_position
  where t.suite_run_id = ${p.runId} and t.completed_at is not null and t.verdict is null
  limit ${MAX_UNJUDGED}`,
)

/** A row while a test of a run has not ended, or was not judged. */
export const hasUnjudged = statement('has_unjudged', { runId: uuid })<{ id: string }>(
  (p) => `select id from prompt_tests where suite_run_id = ${p.runId} and verdict is null limit 1`,
)

/** Judges a test, once. */
export const judgeTest = statement('judge_test', { id: uuid, verdict: text, results: nullable(jsonb) })(
  (p) => `update prompt_tests set verdict = ${p.verdict}, assertion_results = ${p.results}, revision = revision + 1
  where id = ${p.id} and verdict is null`,
)

/** Lets tests of a run go, as many as may be under way, and tells the workers. */
export const releaseTests = statement('release_tests', { runId: uuid, ...eventParams })<{ id: string }>(
  (p) => `with under_way as (
    select count(*) as count from prompt_tests t
    where t.suite_run_id = ${p.runId} and t.verdict is null and t.completed_at is null and t.not_before is distinct from '${HELD}'
  ),
  next as (
    select id from prompt_tests t
    where t.suite_run_id = ${p.runId} and t.verdict is null and t.completed_at is null and t.not_before = '${HELD}'
    order by t.case_position, t.repeat
    limit (select greatest(0, ${MAX_UNDER_WAY} - count) from under_way)
  ),
  sent as (
    update prompt_tests t set not_before = null, dispatched_at = now() from next
    where t.id = next.id and t.not_before = '${HELD}' and t.status = 'PENDING'
    returning t.*
  ),
  ${outboxCte(p, { from: 'sent m', at: 'm.dispatched_at', aggregateId: 'm.id', events: [job('m')] })}
  select id from sent`,
)

/** Ends the tests of a user's run that wait, and marks those that run for their workers. */
export const cancelRun = statement('cancel_run', { runId: uuid, userId: uuid })<Marked>(
  (p) => `with marked as (
    update prompt_tests t set ${CANCELLING}
    where t.suite_run_id = ${p.runId} and t.user_id = ${p.userId} and t.status in ('PENDING', 'RUNNING')
    returning t.*
  ),
  ended as (select * from marked where status = 'FAILED'),
  ${settleCtes('ended', '0')}
  select id, status from marked`,
)

/** Runs of suites that go on. */
export const listRunning = statement(
  'list_running',
  {},
)<{ id: string }>(() => `select id from suite_runs where status = 'RUNNING' order by id limit 500`)
