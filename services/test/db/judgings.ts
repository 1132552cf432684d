import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { nullable, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { MAX_SHOWN } from '../judge.ts'
import type { Pair, PairedCase, PairRow } from '../judging.ts'
import { SuiteRun } from './suite.entity.ts'
import { IS_SEEN, RUN, type SuiteRunRow, WITH_PROGRESS } from './suite-runs.ts'

/** A judging of two runs, and how far its tests are. `settings` is a JudgingSettings in proto3 JSON; the version is that of the second run. */
export type JudgingRow = Omit<SuiteRunRow, 'verdict' | 'pass_rate'> & {
  from_run_id: string
  to_run_id: string
  /** The version of the first run. */
  compared_version: number
}

const JUDGING = `${RUN}, r.from_run_id, r.to_run_id, f.prompt_version as compared_version`

/** A user's judging. */
export const getJudging = statement('get_judging', { id: uuid, userId: uuid })<JudgingRow>(
  (p) => `select ${JUDGING} from suite_runs r join suite_runs f on f.id = r.from_run_id ${WITH_PROGRESS}
  where r.id = ${p.id} and r.user_id = ${p.userId} and ${IS_SEEN}`,
)

/** The judging of two runs that was asked for last, or the one that is named. */
export const judgingOfRuns = statement('judging_of_runs', {
  fromRunId: uuid,
  toRunId: uuid,
  judgingId: nullable(uuid),
})<{ id: string }>(
  (p) => `select id from suite_runs r
  where r.to_run_id = ${p.toRunId} and r.from_run_id = ${p.fromRunId} and (${p.judgingId} is null or r.id = ${p.judgingId})
  order by r.created_at desc limit 1`,
)

/**
 * The judging of two runs with these settings, locked until the transaction ends; undefined when there is none. While the suite is locked
 * nobody makes one.
 */
export async function sameJudging(em: EntityManager, fromRunId: string, toRunId: string, settings: object) {
  const [row] = await em.execute<{ id: string }[]>(
    'select id from suite_runs where to_run_id = ? and from_run_id = ? and settings = ?::jsonb order by created_at desc limit 1',
    [toRunId, fromRunId, JSON.stringify(settings)],
  )
  return row && em.findOneOrFail(SuiteRun, row.id, { lockMode: LockMode.PESSIMISTIC_WRITE })
}

/** The repeats of cases on which a judging has verdicts in both orders: `<position> <repeat>` of each. */
export async function listJudged(em: EntityManager, judgingId: string): Promise<string[]> {
  const rows = await em.execute<{ place: string }[]>(
    `select case_position || ' ' || repeat as place from prompt_tests where suite_run_id = ? and verdict = 'PASS'
    group by case_position, repeat having count(distinct shows_to_first) = 2`,
    [judgingId],
  )
  return rows.map(({ place }) => place)
}

/** The beginnings of the answers of pairs, by the id of their tests: at least as much as a judge is shown, and a character more if there is one. */
export async function listAnswers(em: EntityManager, pairs: readonly Pair[]): Promise<Map<string, string>> {
  const rows = await em.execute<{ id: string; answer: string }[]>(
    `select id, left(response, ${MAX_SHOWN + 1}) as answer from prompt_tests where id = any(?::uuid[])`,
    [`{${pairs.flatMap(({ fromId, toId }) => [fromId, toId]).join()}}`],
  )
  return new Map(rows.map(({ id, answer }) => [id, answer]))
}

const answersOf = (runId: string) => `select c.definition ->> 'name' as name, c.position, t.repeat, t.id, t.response,
      t.status = 'COMPLETED' and t.response is not null as is_answered
    from suite_run_cases c join prompt_tests t on t.suite_run_id = c.run_id and t.case_position = c.position and t.kind = 'CASE'
    where c.run_id = ${runId}`

/** All tests of two runs' cases, paired by the name of the case and the repeat. */
export const listPairs = statement('list_pairs', { fromRunId: uuid, toRunId: uuid })<PairRow>(
  (
    p,
  ) => `select name, repeat, f.id as from_id, t.id as to_id, coalesce(f.is_answered and t.is_answered, false) as is_answered,
    coalesce(f.response = t.response, false) as is_same,
    coalesce(least(octet_length(f.response), ${MAX_SHOWN}) + least(octet_length(t.response), ${MAX_SHOWN}), 0) as bytes
  from (${answersOf(p.fromRunId)}) f full join (${answersOf(p.toRunId)}) t using (name, repeat)
  order by t.position, f.position, repeat`,
)

/** A case of a judging, and what its judges have said: `result` is an AssertionResult as proto3 JSON, null for one that was not heard. */
export type JudgedCaseRow = {
  definition: PairedCase
  judges: { id: string; repeat: number; result: object | null }[]
}

/** The cases of a judging, in their order. Of a judge that was asked again only the last time counts. */
export const listJudgedCases = statement('list_judged_cases', { id: uuid })<JudgedCaseRow>(
  (p) => `select c.definition, j.judges
  from suite_run_cases c
  cross join lateral (
    select coalesce(json_agg(json_build_object('id', j.id, 'repeat', j.repeat, 'result', j.assertion_results -> 0) order by j.repeat, j.shows_to_first), '[]') as judges
    from (
      select distinct on (t.repeat, t.shows_to_first) t.* from prompt_tests t
      where t.suite_run_id = c.run_id and t.case_position = c.position
      order by t.repeat, t.shows_to_first, t.created_at desc, t.id desc
    ) j
  ) j
  where c.run_id = ${p.id}
  order by c.position`,
)
