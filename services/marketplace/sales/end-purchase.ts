import type { EntityManager } from '@mikro-orm/postgresql'
import type { Cause } from '#chassis/cause.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { Emit } from '#chassis/db/transaction.ts'
import { failpoint } from '#chassis/failpoints.ts'
import type { Vault } from '#chassis/vault.ts'
import { EVENTS } from '#contracts/events.ts'
import { complete } from '../transaction.ts'
import { aboutTransaction, type LicenseEntity } from './events.ts'
import { grantLicense } from './licenses.ts'
import { storePosting } from './store-posting.ts'
import {
  applyChanges,
  listingToChange,
  rulesOf,
  type TransactionEntity,
  transactionToChange,
} from './transaction-to-change.ts'

/** Completes a purchase that was paid: the licence, the ledger and the events are there with it or not at all. Answers with the licence; undefined when it had ended before. */
export const completePurchase = (
  database: Pick<Database, 'transaction'>,
  vault: Vault,
  id: string,
  cause: Cause,
): Promise<LicenseEntity | undefined> =>
  database.transaction(cause, async (em, emit, now) => {
    const tx = await transactionToChange(em, id)
    const license = await completeInTransaction(em, emit, { tx, vault, now })
    if (!license) return undefined
    await em.flush()
    failpoint('purchase completing')
    return license
  })

/** A purchase that was paid; `licenseId` is what its licence is to be called, a new id by default. */
type Paid = { tx: TransactionEntity; vault: Vault; now: Date; licenseId?: string }

/** What `completePurchase` does, as part of a transaction. */
export async function completeInTransaction(
  em: EntityManager,
  emit: Emit,
  { tx, vault, now, licenseId }: Paid,
): Promise<LicenseEntity | undefined> {
  const decision = complete(rulesOf(tx), now)
  if (decision.refusal) return undefined
  applyChanges(tx, { ...decision.changes })
  tx.nextCheckAt = null
  const listing = await listingToChange(em, tx)
  listing.salesCount += 1
  if (listing.exclusive) {
    listing.status = 'SOLD'
    listing.reservedTx = null
    listing.revision += 1
  }
  const license = await grantLicense(em, emit, { tx, vault, now, licenseId })
  await storePosting(em, decision.posting!, tx, now)
  emit(EVENTS.purchaseCompleted, aboutTransaction(tx))
  return license
}

/**
 * Fails a purchase that cannot be paid any more by the payment `reference`, null if it has none. Answers with false, and nothing happens, when it had ended
 * before, or has got another payment since: that one may be confirmed.
 */
export const failPurchase = (
  database: Pick<Database, 'transaction'>,
  id: string,
  { reference, failureReason }: { reference: string | null; failureReason: string },
  cause: Cause,
): Promise<boolean> =>
  database.transaction(cause, async (em, emit, now) => {
    const tx = await transactionToChange(em, id)
    if (tx.status !== 'PENDING' || tx.providerRef !== reference) return false
    applyChanges(tx, { status: 'FAILED', completedAt: now })
    Object.assign(tx, { failureReason, nextCheckAt: null })
    const listing = await listingToChange(em, tx)
    if (listing.reservedTx === id) listing.reservedTx = null
    emit(EVENTS.purchaseFailed, { ...aboutTransaction(tx), failureReason })
    return true
  })
