import { integer, nullable, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { MAX_ROWS } from '#chassis/page-token.ts'
import { summaryOf, type SummaryRow } from './rows.ts'

/** A page of a user's tests, newest first. A filter that is null leaves none out; without a run of a suite it lists those of none. */
export const listTests = statement('list_tests', {
  userId: uuid,
  promptId: nullable(uuid),
  status: nullable(text),
  provider: nullable(text),
  model: nullable(text),
  suiteRunId: nullable(uuid),
  beforeTime: timestamptz,
  beforeId: uuid,
  limit: integer,
})<SummaryRow>(
  (p) => `select * from (
    select ${summaryOf('t')} from prompt_tests t
    where t.user_id = ${p.userId} and (t.created_at, t.id) < (${p.beforeTime}, ${p.beforeId})
      and (${p.promptId} is null or t.prompt_id = ${p.promptId})
      and (${p.status} is null or t.status = ${p.status})
      and (${p.provider} is null or t.model_provider = ${p.provider})
      and (${p.model} is null or t.model_name = ${p.model})
      and t.suite_run_id is not distinct from ${p.suiteRunId}
    order by t.created_at desc, t.id desc
    limit ${MAX_ROWS}
  ) longest limit ${p.limit}`,
)
