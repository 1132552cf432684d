import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { notFound } from '#chassis/errors.ts'
import type { Role } from '../user.ts'
import { User } from './user.entity.ts'

/** A user in use, locked until the transaction ends: changes come one after the other. Throws NOT_FOUND. */
export async function activeUserToChange(em: EntityManager, userId: string) {
  const user = await em.findOne(User, { id: userId, status: 'ACTIVE' }, { lockMode: LockMode.PESSIMISTIC_WRITE })
  if (!user) throw notFound('user')
  // The seed lets the role be null; a constraint of the table does not.
  return user as typeof user & { role: Role }
}
