import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { GetSuiteRequest } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import * as db from '../db/suites.ts'
import { toSuite } from './suite-view.ts'

export const getSuite = async ({ suiteId: id }: GetSuiteRequest, { sql, caller }: Call) => {
  const [row] = await sql(db.getSuite, { id, userId: caller.userId })
  if (!row) throw notFound('suite')
  return { suite: toSuite(row, await sql(db.listCases, { id })) }
}
