import type { EntityManager } from '@mikro-orm/postgresql'
import type { Emit } from '#chassis/db/transaction.ts'
import { revise } from '#chassis/revise.ts'
import { EVENTS } from '#contracts/events.ts'
import { aboutListing, type ListingEntity, aboutTransaction } from './events.ts'
import { listingToChange, type TransactionEntity } from './transaction-to-change.ts'

/** A sale counts no more, because the buyer gets the money back. The only licence of an exclusive listing is not for sale again: the listing is removed. */
export async function uncountSale(em: EntityManager, emit: Emit, tx: TransactionEntity, now: Date): Promise<void> {
  const listing = await listingToChange(em, tx)
  listing.salesCount -= 1
  if (listing.status === 'SOLD') {
    revise<ListingEntity>(listing, { status: 'REMOVED' }, now)
    emit(EVENTS.listingRemoved, aboutListing(listing))
  }
  emit(EVENTS.purchaseRefunded, aboutTransaction(tx))
}
