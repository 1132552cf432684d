import type { EntityManager } from '@mikro-orm/postgresql'
import { lockInTransaction } from '#chassis/db/advisory-locks.ts'
import { type KeyTimes, newSigningKey, nextRotation } from '../signing-keys.ts'
import type { FieldCipher } from '../field-cipher.ts'
import { SigningKey } from './signing-key.entity.ts'

/**
 * Makes the next signing key when one is due, and answers with its id. Replicas that do it at once wait for each other, so that
 * they make one key and not one each.
 */
export const rotateSigningKeys = (
  fork: EntityManager,
  cipher: FieldCipher,
  times: KeyTimes,
): Promise<string | undefined> =>
  fork.transactional(async (em) => {
    await lockInTransaction(em, 'signing keys')
    const [current] = await em.find(SigningKey, {}, { orderBy: { activeFrom: 'desc' }, limit: 1 })
    const rotation = nextRotation(current && retirement(current), new Date(), times)
    if (!rotation) return undefined
    const { publishedAt, activeFrom, currentRetiresAt } = rotation
    const key = newSigningKey(cipher)
    em.create(SigningKey, { ...key, publishedAt, activeFrom })
    if (current) current.retiredAt = currentRetiresAt
    return key.kid
  })

const retirement = ({ activeFrom, retiredAt }: { activeFrom: Date; retiredAt?: Date | null }) => ({
  activeFrom,
  retiredAt: retiredAt ?? null,
})
