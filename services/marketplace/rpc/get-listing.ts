import { notFound } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { GetListingRequest } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { getListing as find, hasBought, type ListingRow } from '../db/listings.ts'
import { toListing } from './view.ts'

export const getListing = async ({ listingId }: GetListingRequest, call: PublicCall) => {
  const [row] = await call.sql(find, { id: listingId })
  if (!row || (row.status !== 'ACTIVE' && !(await maySeeEnded(row, call)))) throw notFound('listing')
  return { listing: toListing(row) }
}

/** Whether somebody sees a listing that was removed or sold: its seller, a buyer, a moderator. */
async function maySeeEnded({ id, seller_id: sellerId }: ListingRow, { caller, sql, currentAccount }: PublicCall) {
  if (!caller) return false
  if (caller.userId === sellerId) return true
  const bought = await sql(hasBought, { listingId: id, buyerId: caller.userId })
  return bought.length > 0 || (await currentAccount()).role !== 'USER'
}
