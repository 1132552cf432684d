import type { EntityManager } from '@mikro-orm/postgresql'
import { jsonb, nullable, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { CANCELLING, type Marked } from './cancel-test.ts'
import { job } from './emissions.ts'
import { isJudgeOf } from './judges.ts'
import { settleCtes } from './settle.ts'

/** `not_before` of a test that waits to be let go. Not `infinity`, which a Date of JavaScript cannot be. */
export const HELD = '9999-12-31T00:00:00Z'

/** Tests of a run that are under way at once. */
export const MAX_UNDER_WAY = 16

/** Tests that one look finds. */
export const MAX_UNJUDGED = 32

/** Repeats the tests of a run, of which those of the first repeats are stored: thousands of rows, of which only the ids and their numbers differ. */
export const repeatTests = (em: EntityManager, runId: string, repeats: number): Promise<unknown> =>
  em.execute(
    `insert into prompt_tests (id, prompt_id, user_id, prompt_content, model_provider, model_name, temperature, max_tokens, status, created_at,
      prompt_version, content_hash, variables, lane, price_id, key_id, reserved_micros, spend_day, not_before, suite_run_id, case_position, case_name,
      repeat, kind, assertion_position)
    select uuidv7(), prompt_id, user_id, prompt_content, model_provider, model_name, temperature, max_tokens, status, created_at,
      prompt_version, content_hash, variables, lane, price_id, key_id, reserved_micros, spend_day, not_before, suite_run_id, case_position, case_name,
      n, kind, assertion_position
    from prompt_tests cross join generate_series(2, ?::integer) n where suite_run_id = ?`,
    [repeats, runId],
  )

/** A test that has ended and was not looked at. `definition` is its case, a SuiteCase in proto3 JSON; of a judging a PairedCase. */
export type UnjudgedRow = {
  id: string
  kind: 'CASE' | 'JUDGE'
  case_position: number
  repeat: number
  /** Of a judge: which assertion of the case it was asked about. */
  assertion_position: number | null
  /** Of a judge of two answers: whether that of the second run is the first. */
  shows_to_first: boolean | null
  max_tokens: number
  status: 'COMPLETED' | 'FAILED'
  response: string | null
  response_time_ms: number | null
  cost_micros: string
  finish_reason: string | null
  error_message: string | null
  definition: object
}

/** Tests of a run that have ended and were not looked at. One that waits for its judges was: what its other assertions say is stored. */
export const listUnjudged = statement('list_unjudged', { runId: uuid })<UnjudgedRow>(
  (
    p,
  ) => `select t.id, t.kind, t.case_position, t.repeat, t.assertion_position, t.shows_to_first, t.max_tokens, t.status, t.response, t.error_message,
    t.response_time_ms::float8 as response_time_ms, t.cost_micros, t.finish_reason, c.definition
  from prompt_tests t join suite_run_cases c on c.run_id = t.suite_run_id and c.position = t.case_position
  where t.suite_run_id = ${p.runId} and t.completed_at is not null and t.verdict is null and t.assertion_results is null
  limit ${MAX_UNJUDGED}`,
)

/** A row while a test of a run has not ended, or was not judged. */
export const hasUnjudged = statement('has_unjudged', { runId: uuid })<{ id: string }>(
  (p) => `select id from prompt_tests where suite_run_id = ${p.runId} and verdict is null limit 1`,
)

/** What people read of a judge that was not asked. */
export const NOT_ASKED = 'not asked: the verdict on the answer does not depend on it'

/** Stores the verdict on a test, once. Of a case, the judges that were not asked by then end: they cost nothing. */
export const judgeTest = statement('judge_test', { id: uuid, verdict: text, results: nullable(jsonb) })(
  (p) => `with judged as (
    update prompt_tests set verdict = ${p.verdict}, assertion_results = ${p.results}, revision = revision + 1
    where id = ${p.id} and verdict is null
    returning kind, suite_run_id, case_position, repeat
  ),
  ended as (
    update prompt_tests t
    set status = 'FAILED', completed_at = now(), cancelled_at = now(), error_code = 'CANCELLED', error_message = '${NOT_ASKED}', verdict = 'ERROR',
      revision = t.revision + 1
    from judged
    where judged.kind = 'CASE' and ${isJudgeOf('t', 'judged')} and t.status = 'PENDING' and t.not_before = '${HELD}'
    returning t.*
  ),
  ${settleCtes('ended', '0')}
  select 1`,
)

/** Lets tests of a run go, as many as may be under way, and tells the workers. Judges without a text wait for the answer that they are to judge. */
export const releaseTests = statement('release_tests', { runId: uuid, ...eventParams })<{ id: string }>(
  (p) => `with under_way as (
    select count(*) as count from prompt_tests t
    where t.suite_run_id = ${p.runId} and t.verdict is null and t.completed_at is null and t.not_before is distinct from '${HELD}'
  ),
  next as (
    select id from prompt_tests t
    where t.suite_run_id = ${p.runId} and t.verdict is null and t.completed_at is null and t.not_before = '${HELD}'
      and (t.kind = 'CASE' or t.prompt_content <> '')
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

/** Ends the tests of a user's run, or judging, that wait, and marks those that run for their workers. */
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
