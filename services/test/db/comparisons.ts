import { integer, nullable, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { MAX_ROWS } from '#chassis/page-token.ts'
import { summaryOf, type SummaryRow } from './rows.ts'

/** A comparison without its tests. */
export type ComparisonRow = {
  id: string
  name: string
  prompt_id: string
  user_id: string
  notes: string | null
  created_at: Date
}

const COMPARISON = 'c.id, c.name, c.prompt_id, c.user_id, c.notes, c.created_at'

/** A user's comparison. */
export const getComparison = statement('get_comparison', { id: uuid, userId: uuid })<ComparisonRow>(
  (p) => `select ${COMPARISON} from test_comparisons c where c.id = ${p.id} and c.user_id = ${p.userId}`,
)

/** The tests of a comparison, in its order. */
export const listCompared = statement('list_compared', { id: uuid })<SummaryRow>(
  (p) => `select ${summaryOf('t')} from comparison_test_ids i join prompt_tests t on t.id = i.test_id
  where i.comparison_id = ${p.id} order by i.position`,
)

/** A page of a user's comparisons, newest first. */
export const listComparisons = statement('list_comparisons', {
  userId: uuid,
  promptId: nullable(uuid),
  beforeTime: timestamptz,
  beforeId: uuid,
  limit: integer,
})<ComparisonRow>(
  (p) => `select * from (
    select ${COMPARISON} from test_comparisons c
    where c.user_id = ${p.userId} and (c.created_at, c.id) < (${p.beforeTime}, ${p.beforeId})
      and (${p.promptId} is null or c.prompt_id = ${p.promptId})
    order by c.created_at desc, c.id desc
    limit ${MAX_ROWS}
  ) longest limit ${p.limit}`,
)
