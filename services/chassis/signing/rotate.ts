import type { EntityManager } from '@mikro-orm/postgresql'
import { lockInTransaction } from '../db/advisory-locks.ts'
import type { FieldCipher } from '../field-cipher.ts'
import { type KeyTimes, newSigningKey, planKeys } from './signing-keys.ts'
import type { SigningKeyEntity } from './table.ts'

/**
 * Makes the signing keys that are due, and answers with their ids. Replicas that do it at once wait for each other, so that they make
 * one key and not one each.
 */
export const rotateSigningKeys = (
  fork: EntityManager,
  table: SigningKeyEntity,
  cipher: FieldCipher,
  times: KeyTimes,
): Promise<string[]> =>
  fork.transactional(async (em) => {
    await lockInTransaction(em, 'signing keys')
    const now = new Date()
    const keys = await em.find(table, { retiredAt: null })
    const plan = planKeys(keys.map(stateOf), now, times)
    for (const key of keys) {
      if (key.kid === plan.promote) key.activeFrom = now
      key.retiredAt = plan.retire.find(({ kid }) => kid === key.kid)?.at ?? null
    }
    return plan.make.map((activeFrom) => {
      const key = newSigningKey(cipher)
      em.create(table, { ...key, publishedAt: now, activeFrom })
      return key.kid
    })
  })

const stateOf = ({ kid, activeFrom, retiredAt }: { kid: string; activeFrom: Date; retiredAt?: Date | null }) => ({
  kid,
  activeFrom,
  retiredAt: retiredAt ?? null,
})
