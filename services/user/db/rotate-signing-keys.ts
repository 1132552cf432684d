import type { EntityManager } from '@mikro-orm/postgresql'
import { lockInTransaction } from '#chassis/db/advisory-locks.ts'
import type { FieldCipher } from '#chassis/field-cipher.ts'
import { type KeyTimes, newSigningKey, planKeys } from '../signing-keys.ts'
import { SigningKey } from './signing-key.entity.ts'

/**
 * Makes the signing keys that are due, and answers with their ids. Replicas that do it at once wait for each other, so that they make
 * one key and not one each.
 */
export const rotateSigningKeys = (fork: EntityManager, cipher: FieldCipher, times: KeyTimes): Promise<string[]> =>
  fork.transactional(async (em) => {
    await lockInTransaction(em, 'signing keys')
    const now = new Date()
    const keys = await em.find(SigningKey, { retiredAt: null })
    const plan = planKeys(keys.map(stateOf), now, times)
    for (const key of keys) {
      if (key.kid === plan.promote) key.activeFrom = now
      key.retiredAt = plan.retire.find(({ kid }) => kid === key.kid)?.at ?? null
    }
    return plan.make.map((activeFrom) => {
      const key = newSigningKey(cipher)
      em.create(SigningKey, { ...key, publishedAt: now, activeFrom })
      return key.kid
    })
  })

const stateOf = ({ kid, activeFrom, retiredAt }: { kid: string; activeFrom: Date; retiredAt?: Date | null }) => ({
  kid,
  activeFrom,
  retiredAt: retiredAt ?? null,
})
