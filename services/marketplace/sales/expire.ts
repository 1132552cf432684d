import { LockMode } from '@mikro-orm/postgresql'
import type { Cause } from '#chassis/cause.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { Job } from '#chassis/jobs.ts'
import { LicenseRevoked_Reason as Reason } from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import { License } from '../db/license.entity.ts'
import { endLicense } from './licenses.ts'

/** Licences that one transaction ends. */
const AT_ONCE = 100

/**
 * Ends licences whose time is over, with their events. Nothing waits for it: whoever reads a licence compares the time. One that somebody changes
 * at the moment is left for the next run.
 */
export const expiry = ({ transaction }: Pick<Database, 'transaction'>): Job => ({
  name: 'end licences whose time is over',
  on: 'one replica',
  everyMs: 10_000,
  run: async (signal, cause) => {
    while (!signal.aborted && (await endSome(transaction, cause)) === AT_ONCE);
  },
})

const endSome = (transaction: Database['transaction'], cause: Cause): Promise<number> =>
  transaction(cause, async (em, emit, now) => {
    const over = await em.find(
      License,
      { isActive: true, expiresAt: { $lte: now } },
      { orderBy: { expiresAt: 'asc' }, limit: AT_ONCE, lockMode: LockMode.PESSIMISTIC_PARTIAL_WRITE },
    )
    for (const license of over) endLicense(emit, license, Reason.EXPIRED)
    return over.length
  })
