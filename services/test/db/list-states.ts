import { arrayOf, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { summaryOf, type SummaryRow } from './rows.ts'

/** The states of tests, without texts. */
export const listStates = statement('list_states', { ids: arrayOf(uuid) })<SummaryRow>(
  (p) => `select ${summaryOf('t')} from prompt_tests t where t.id = any(${p.ids})`,
)
