import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { DeleteComparisonRequest } from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import { TestComparison } from '../db/comparison.entity.ts'

// Its list of tests goes with it.
export const deleteComparison = ({ comparisonId: id }: DeleteComparisonRequest, { transaction, caller }: Call) =>
  transaction(async (em) => {
    const deleted = await em.nativeDelete(TestComparison, { id, userId: caller.userId })
    if (deleted === 0) throw notFound('comparison')
    return {}
  })
