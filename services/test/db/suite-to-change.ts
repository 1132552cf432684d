import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { notFound } from '#chassis/errors.ts'
import { Suite } from './suite.entity.ts'

/** A user's suite, locked until the transaction ends: changes come one after the other. Throws NOT_FOUND. */
export async function suiteToChange(em: EntityManager, id: string, userId: string) {
  const suite = await em.findOne(Suite, { id, userId, deletedAt: null }, { lockMode: LockMode.PESSIMISTIC_WRITE })
  if (!suite) throw notFound('suite')
  return suite
}
