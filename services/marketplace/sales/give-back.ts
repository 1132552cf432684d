import type { EntityManager } from '@mikro-orm/postgresql'
import type { Emit } from '#chassis/db/transaction.ts'
import { revise } from '#chassis/revise.ts'
import { EVENTS } from '#contracts/events.ts'
import { type SaleState, isGivenBack } from '../ledger.ts'
import { aboutListing, type ListingEntity, aboutTransaction } from './events.ts'
import { listingToChange, type TransactionEntity } from './transaction-to-change.ts'

/**
 * Counts a sale no more when the buyer gets the money back, counts it again when the money is the seller's after all, and tells it. `before` is what the
 * transaction was before it was changed. The only licence of an exclusive listing is not for sale again: the listing is removed, and stays so.
 */
export async function followGivenBack(
  em: EntityManager,
  emit: Emit,
  { before, tx, now }: { before: SaleState; tx: TransactionEntity; now: Date },
): Promise<void> {
  const is = isGivenBack(tx)
  if (isGivenBack(before) === is) return
  const listing = await listingToChange(em, tx)
  listing.salesCount += is ? -1 : 1
  if (is && listing.status === 'SOLD') {
    revise<ListingEntity>(listing, { status: 'REMOVED' }, now)
    emit(EVENTS.listingRemoved, aboutListing(listing))
  }
  emit(is ? EVENTS.purchaseRefunded : EVENTS.purchaseRestored, aboutTransaction(tx))
}
