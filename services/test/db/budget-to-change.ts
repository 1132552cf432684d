import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { Budget, Spend } from './budget.entity.ts'

/**
 * A user's budget and what is spent on the day of `now` (UTC), both locked until the transaction ends, in the order of `insert-test.ts`. Makes
 * them when there are none.
 */
export async function budgetToChange(em: EntityManager, userId: string, now: Date) {
  const lock = { lockMode: LockMode.PESSIMISTIC_WRITE }
  const keep = { onConflictAction: 'ignore' } as const
  const day = now.toISOString().slice(0, 10)
  await em.upsert(Budget, { userId }, keep)
  const budget = await em.findOneOrFail(Budget, { userId }, lock)
  await em.upsert(Spend, { userId, day, reserved: 0n }, keep)
  const spend = await em.findOneOrFail(Spend, { userId, day }, lock)
  return { budget, spend }
}
