import type { EntityManager } from '@mikro-orm/postgresql'
import { idOfCreated } from '#chassis/db/idempotency.ts'
import { invalid } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { CreateComparisonRequest } from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import { PromptTest } from '../db/prompt-test.entity.ts'
import { getComparison } from './get-comparison.ts'
import { storeComparison } from './store-comparison.ts'

export const createComparison = async (request: CreateComparisonRequest, call: Call) => {
  const { userId } = call.caller
  const comparisonId = await idOfCreated(call, async (id, em, emit, now) => {
    await checkTests(em, request, userId)
    storeComparison(em, emit, now, { ...request, id, userId })
  })
  return getComparison({ comparisonId }, call)
}

/** Throws INVALID_ARGUMENT that names every test that is not this user's, or not of this prompt. */
async function checkTests(em: EntityManager, { promptId, testIds }: CreateComparisonRequest, userId: string) {
  const found = await em.find(PromptTest, { id: { $in: testIds }, promptId, userId }, { fields: ['id'] })
  const own = new Set(found.map(({ id }) => id))
  const violations = testIds.flatMap((id, index) =>
    own.has(id) ? [] : [{ field: `test_ids[${index}]`, description: 'is not a test of yours of this prompt' }],
  )
  if (violations.length > 0) throw invalid(violations)
}
