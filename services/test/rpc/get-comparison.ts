import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { GetComparisonRequest } from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import * as db from '../db/comparisons.ts'
import { toComparison } from './view.ts'

export const getComparison = async ({ comparisonId: id }: GetComparisonRequest, { sql, caller }: Call) => {
  const [row] = await sql(db.getComparison, { id, userId: caller.userId })
  if (!row) throw notFound('comparison')
  return { comparison: toComparison(row, await sql(db.listCompared, { id })) }
}
