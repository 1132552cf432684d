import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { aborted, type AppError, notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import type { UpdateListingRequest } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import type { Deps } from '../context.ts'
import { getListing } from '../db/listings.ts'
import { PromptListing } from '../db/prompt-listing.entity.ts'
import { changeTerms, checkChangeable } from '../listing.ts'
import { aboutListing, type ListingEntity } from '../sales/events.ts'
import { removeUnlessSellable } from './remove-unless-sellable.ts'
import { toListing } from './view.ts'
import { wantedTerms } from './wanted-terms.ts'

export const updateListing =
  ({ config, remote }: Pick<Deps, 'config' | 'remote'>) =>
  async (request: UpdateListingRequest, call: Call) => {
    const { listingId, etag } = request
    const known = await ownListing(call.em, listingId, call)
    checkChangeable(known, etag)
    const terms = await wantedTerms({ config, remote }, request, known, call)
    await call.transaction(async (em, emit, now) => {
      const listing = await ownListing(em, listingId, call, LockMode.PESSIMISTIC_WRITE)
      checkChangeable(listing, etag)
      // The terms were checked against the ones that are known.
      if (listing.revision !== known.revision) throw changedMeanwhile()
      if (changeTerms(listing, terms, now)) emit(EVENTS.listingUpdated, aboutListing(listing, call.caller))
    })
    const { promptVersion } = terms
    await removeUnlessSellable(remote, listingId, { promptId: known.promptId, promptVersion }, call)
    const [row] = await call.sql(getListing, { id: listingId })
    if (!row) throw notFound('listing')
    return { listing: toListing(row) }
  }

async function ownListing(
  em: EntityManager,
  id: string,
  { caller }: Call,
  lockMode: LockMode = LockMode.NONE,
): Promise<ListingEntity> {
  const listing = await em.findOne(PromptListing, id, { lockMode })
  if (listing?.sellerId !== caller.userId) throw notFound('listing')
  return listing
}

const changedMeanwhile = (): AppError =>
  aborted('CONCURRENT_CHANGE', 'another change of this listing was made at the same time: repeat the request', {
    retryAfterMs: 100,
  })
