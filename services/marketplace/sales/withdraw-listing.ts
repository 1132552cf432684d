import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import type { Emit } from '#chassis/db/transaction.ts'
import { EVENTS } from '#contracts/events.ts'
import { PromptListing } from '../db/prompt-listing.entity.ts'
import { withdraw } from '../listing.ts'
import { aboutListing, type ListingEntity } from './events.ts'

/**
 * Withdraws an active listing that nobody asked to remove, if it is there and `isToGo`: what it sells cannot be sold any more. What is not active any more
 * stays as it is, so it may be done again.
 */
export async function withdrawListing(
  em: EntityManager,
  emit: Emit,
  which: { id: string } | { promptId: string },
  now: Date,
  isToGo: (listing: ListingEntity) => boolean = () => true,
): Promise<void> {
  const active = { ...which, status: 'ACTIVE' as const }
  const listing = await em.findOne(PromptListing, active, { lockMode: LockMode.PESSIMISTIC_WRITE })
  if (!listing || !isToGo(listing)) return
  withdraw(listing, now)
  emit(EVENTS.listingRemoved, aboutListing(listing))
}
