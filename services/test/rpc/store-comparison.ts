import type { EntityManager } from '@mikro-orm/postgresql'
import type { Emit } from '#chassis/db/transaction.ts'
import { EVENTS } from '#contracts/events.ts'
import { ComparisonTestId, TestComparison } from '../db/comparison.entity.ts'

/** What a comparison is made of. */
type NewComparison = {
  id: string
  name: string
  promptId: string
  userId: string
  /** Empty when there are none. */
  notes: string
  testIds: readonly string[]
}

/** Puts tests side by side, in a transaction. */
export function storeComparison(em: EntityManager, emit: Emit, now: Date, comparison: NewComparison) {
  const { id, name, promptId, userId, notes, testIds } = comparison
  const stored = em.create(TestComparison, { id, name, promptId, userId, notes: notes || null, createdAt: now })
  for (const [position, test] of testIds.entries()) em.create(ComparisonTestId, { comparison: stored, test, position })
  emit(EVENTS.comparisonCreated, {
    metadata: { aggregateId: id, aggregateRevision: 1n },
    actor: { userId, username: '' },
    promptId,
    testsCount: testIds.length,
  })
}
