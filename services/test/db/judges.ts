import { arrayOf, bigint, integer, jsonb, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/** Holds for a test `j` that asks a judge about the test `t` of a case. */
export const isJudgeOf = (j: string, t: string) =>
  `${j}.suite_run_id = ${t}.suite_run_id and ${j}.case_position = ${t}.case_position and ${j}.repeat = ${t}.repeat and ${j}.kind = 'JUDGE'`

/** A judge that waits for an answer, and what it costs. Prices are text. */
export type WaitingJudge = {
  id: string
  assertion_position: number
  max_tokens: number
  input: string
  cache_read: string
  cache_write: string
  output: string
}

/** The judges of one repeat of a case that have no text yet. */
export const listWaitingJudges = statement('list_waiting_judges', {
  runId: uuid,
  position: integer,
  repeat: integer,
})<WaitingJudge>(
  (p) => `select j.id, j.assertion_position, j.max_tokens, m.input, m.cache_read, m.cache_write, m.output
  from prompt_tests j join model_prices m on m.id = j.price_id
  where j.suite_run_id = ${p.runId} and j.case_position = ${p.position} and j.repeat = ${p.repeat} and j.kind = 'JUDGE'
    and j.status = 'PENDING' and j.prompt_content = ''`,
)

/**
 * Stores what the other assertions of a test say, and gives its judges, by their ids, their texts, in one statement and once. Each reserves from
 * now on only what it can cost with this text; the rest goes back to the budget.
 */
export const askJudges = statement('ask_judges', {
  id: uuid,
  results: jsonb,
  judges: arrayOf(uuid),
  texts: arrayOf(text),
  bounds: arrayOf(bigint),
})(
  (p) => `with waiting as (
    update prompt_tests t set assertion_results = ${p.results}, revision = t.revision + 1
    where t.id = ${p.id} and t.verdict is null and t.assertion_results is null
    returning t.suite_run_id, t.case_position, t.repeat
  ),
  asked as (
    update prompt_tests j set prompt_content = a.text, reserved_micros = a.bound, revision = j.revision + 1
    from waiting t cross join unnest(${p.judges}, ${p.texts}, ${p.bounds}) a(id, text, bound)
    where j.id = a.id and ${isJudgeOf('j', 't')} and j.status = 'PENDING' and j.prompt_content = ''
    returning j.user_id, j.spend_day, old.reserved_micros - new.reserved_micros as freed
  ),
  settled as (
    update spend s set reserved = s.reserved - d.freed
    from (select user_id, spend_day, sum(freed)::bigint as freed from asked group by 1, 2) d
    where s.user_id = d.user_id and s.day = d.spend_day
  )
  select 1`,
)

/**
 * A test whose judges have all been heard: what its assertions say without them, and what they say, by the place of the assertion. Of
 * AssertionResult, as proto3 JSON.
 */
export type HeardRow = { id: string; results: object[]; judged: Record<string, object | null> }

/** Tests of one look. */
export const MAX_HEARD = 32

/** Tests of a run that wait for their judges no longer. */
export const listHeard = statement('list_heard', { runId: uuid })<HeardRow>(
  (p) => `select t.id, t.assertion_results as results, j.judged
  from prompt_tests t cross join lateral (
    select jsonb_object_agg(j.assertion_position, j.assertion_results -> 0) as judged, bool_and(j.verdict is not null) as are_heard
    from prompt_tests j where ${isJudgeOf('j', 't')}
  ) j
  where t.suite_run_id = ${p.runId} and t.verdict is null and t.assertion_results is not null and t.kind = 'CASE' and j.are_heard
  limit ${MAX_HEARD}`,
)
