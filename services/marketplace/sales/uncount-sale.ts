import type { EntityManager } from '@mikro-orm/postgresql'
import type { Emit } from '#chassis/db/transaction.ts'
import { revise } from '#chassis/revise.ts'
import { EVENTS } from '#contracts/events.ts'
import { type SaleState, isGivenBack } from '../ledger.ts'
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
}

/** Tells that a sale is given back now, or is not any more. `before` is what it was before it was changed. */
export function tellGivenBack(emit: Emit, before: SaleState, tx: TransactionEntity): void {
  const is = isGivenBack(tx)
  if (isGivenBack(before) === is) return
  emit(is ? EVENTS.purchaseRefunded : EVENTS.purchaseRestored, aboutTransaction(tx))
}
