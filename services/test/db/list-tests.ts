import { integer, nullable, type SqlNames, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement, unprepared } from '#chassis/db/statements.ts'
import { MAX_ROWS } from '#chassis/page-token.ts'
import { summaryOf, type SummaryRow } from './rows.ts'

const asked = {
  userId: uuid,
  promptId: nullable(uuid),
  status: nullable(text),
  provider: nullable(text),
  model: nullable(text),
  beforeTime: timestamptz,
  beforeId: uuid,
  limit: integer,
}

const pageOf = (p: SqlNames<typeof asked>, which: string) => `select * from (
    select ${summaryOf('t')} from prompt_tests t
    where t.user_id = ${p.userId} and ${which} and (t.created_at, t.id) < (${p.beforeTime}, ${p.beforeId})
      and (${p.promptId} is null or t.prompt_id = ${p.promptId})
      and (${p.status} is null or t.status = ${p.status})
      and (${p.provider} is null or t.model_provider = ${p.provider})
      and (${p.model} is null or t.model_name = ${p.model})
    order by t.created_at desc, t.id desc
    limit ${MAX_ROWS}
  ) longest limit ${p.limit}`

/**
 * A page of a user's tests that are of no run of a suite, newest first. A filter that is null leaves none out. Planned at each run: few users
 * have so many tests that they must not be sorted, and only the user and the filters tell.
 */
export const listTests = unprepared(asked)<SummaryRow>((p) => pageOf(p, 't.suite_run_id is null'))

/** The same of the tests of a run, of which there are 5,000 at the most. */
export const listTestsOfRun = statement('list_tests_of_run', { ...asked, suiteRunId: uuid })<SummaryRow>((p) =>
  pageOf(p, `t.suite_run_id = ${p.suiteRunId}`),
)
