import { integer, nullable, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { MAX_ROWS } from '#chassis/page-token.ts'

/** A suite without its cases. `settings` is a SuiteSettings in proto3 JSON. */
export type SuiteRow = {
  id: string
  prompt_id: string
  user_id: string
  name: string
  description: string | null
  settings: object
  cases_count: number
  cases_revision: number
  revision: number
  created_at: Date
  updated_at: Date
}

const SUITE = `s.id, s.prompt_id, s.user_id, s.name, s.description, s.settings, s.cases_count, s.cases_revision, s.revision, s.created_at,
  s.updated_at`

/** A user's suite. */
export const getSuite = statement('get_suite', { id: uuid, userId: uuid })<SuiteRow>(
  (p) => `select ${SUITE} from suites s where s.id = ${p.id} and s.user_id = ${p.userId} and s.deleted_at is null`,
)

/** Its cases, in their order, as proto3 JSON. */
export const listCases = statement('list_cases', { id: uuid })<{ definition: object }>(
  (p) => `select definition from suite_cases where suite_id = ${p.id} order by position`,
)

/** A page of a user's suites, newest first. */
export const listSuites = statement('list_suites', {
  userId: uuid,
  promptId: nullable(uuid),
  beforeTime: timestamptz,
  beforeId: uuid,
  limit: integer,
})<SuiteRow>(
  (p) => `select * from (
    select ${SUITE} from suites s
    where s.user_id = ${p.userId} and s.deleted_at is null and (s.created_at, s.id) < (${p.beforeTime}, ${p.beforeId})
      and (${p.promptId} is null or s.prompt_id = ${p.promptId})
    order by s.created_at desc, s.id desc
    limit ${MAX_ROWS}
  ) longest limit ${p.limit}`,
)
