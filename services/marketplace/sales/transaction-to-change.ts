import type { EntityManager, InferEntity } from '@mikro-orm/postgresql'
import { lockOneOrFail } from '#chassis/db/lock-one.ts'
import { License } from '../db/license.entity.ts'
import { PromptListing } from '../db/prompt-listing.entity.ts'
import { Transaction } from '../db/transaction.entity.ts'
import { minorOf } from '../money.ts'
import type { Changes, Transaction as Rules } from '../transaction.ts'
import type { LicenseEntity, ListingEntity } from './events.ts'

/** A transaction as an entity. */
export type TransactionEntity = InferEntity<typeof Transaction>

/** A transaction, locked until the database transaction ends. It is locked before its listing, its licence and its seller's balance. */
export const transactionToChange = (em: EntityManager, id: string): Promise<TransactionEntity> =>
  lockOneOrFail(em, Transaction, { id })

/** Its listing, locked too: after the transaction. */
export const listingToChange = (em: EntityManager, tx: TransactionEntity): Promise<ListingEntity> =>
  lockOneOrFail(em, PromptListing, { id: tx.listing.id })

/** The licence that it has granted, locked too: after the listing. */
export const licenseToChange = (em: EntityManager, tx: TransactionEntity): Promise<LicenseEntity> =>
  lockOneOrFail(em, License, { transaction: tx.id })

/** What the rules of `transaction.ts` read of it. */
export const rulesOf = (tx: TransactionEntity): Rules => ({
  id: tx.id,
  sellerId: tx.sellerId,
  currency: tx.currency,
  amount: minorOf(tx.amount),
  fee: minorOf(tx.fee),
  status: tx.status,
  completedAt: tx.completedAt ?? null,
  releasedAt: tx.releasedAt ?? null,
  refundState: tx.refundState ?? null,
  disputeState: tx.disputeState ?? null,
})

/** Makes the changes that a rule has decided on. */
export function applyChanges(tx: TransactionEntity, changes: Changes): void {
  Object.assign(tx, changes)
  tx.revision += 1
}
