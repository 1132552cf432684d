import { LockMode } from '@mikro-orm/postgresql'
import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import type { RemoveListingRequest } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { getListing } from '../db/listings.ts'
import { PromptListing } from '../db/prompt-listing.entity.ts'
import { withdraw } from '../listing.ts'
import { aboutListing } from '../sales/events.ts'
import { toListing } from './view.ts'

export const removeListing = async ({ listingId: id }: RemoveListingRequest, call: Call) => {
  const { caller, sql, transaction, currentAccount } = call
  const [known] = await sql(getListing, { id })
  if (!known || !(known.seller_id === caller.userId || (await currentAccount()).role !== 'USER')) {
    throw notFound('listing')
  }
  await transaction(async (em, emit, now) => {
    const listing = await em.findOneOrFail(PromptListing, id, { lockMode: LockMode.PESSIMISTIC_WRITE })
    if (withdraw(listing, now)) emit(EVENTS.listingRemoved, aboutListing(listing, caller))
  })
  const [row] = await sql(getListing, { id })
  if (!row) throw notFound('listing')
  return { listing: toListing(row) }
}
