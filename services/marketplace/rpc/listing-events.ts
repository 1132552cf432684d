import type { InferEntity } from '@mikro-orm/postgresql'
import type { Actor } from '#contracts/gen/promptforge/event/v1/event.ts'
import type { PromptListing } from '../db/prompt-listing.entity.ts'
import { minorOf } from '../money.ts'

/** A listing as an entity. */
export type ListingEntity = InferEntity<typeof PromptListing>

/** An event about a listing, by somebody, or by nobody when it happens by itself. */
export const aboutListing = (listing: ListingEntity, { userId, username }: Actor = { userId: '', username: '' }) => ({
  metadata: { aggregateId: listing.id, aggregateRevision: BigInt(listing.revision) },
  actor: { userId, username },
  offer: {
    promptId: listing.promptId,
    sellerId: listing.sellerId,
    priceCents: minorOf(listing.price),
    currency: listing.currency,
  },
})
