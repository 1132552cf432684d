import { uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { testOf, type TestRow } from './rows.ts'

/** A user's test. */
export const getTest = statement('get_test', { id: uuid, userId: uuid })<TestRow>(
  (p) => `select ${testOf('t')} from prompt_tests t where t.id = ${p.id} and t.user_id = ${p.userId}`,
)

/** A user's test that the model has answered, unless its texts were erased. */
export const getCompletedTest = statement('get_completed_test', { id: uuid, userId: uuid })<TestRow>(
  (p) => `select ${testOf('t')} from prompt_tests t
  where t.id = ${p.id} and t.user_id = ${p.userId} and t.status = 'COMPLETED' and t.erased_at is null`,
)
