import { uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { testOf, type TestRow } from './rows.ts'

/** A user's test. */
export const getTest = statement('get_test', { id: uuid, userId: uuid })<TestRow>(
  (p) => `select ${testOf('t')} from prompt_tests t where t.id = ${p.id} and t.user_id = ${p.userId}`,
)
