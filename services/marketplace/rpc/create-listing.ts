import { type EntityManager } from '@mikro-orm/postgresql'
import { brokenConstraint } from '#chassis/db/failures.ts'
import { idOfCreated } from '#chassis/db/idempotency.ts'
import { type AppError, failedPrecondition, notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import type { CreateListingRequest } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import type { Deps } from '../context.ts'
import { activeListing, getListing } from '../db/listings.ts'
import { PromptListing } from '../db/prompt-listing.entity.ts'
import { Transaction } from '../db/transaction.entity.ts'
import { searchOf } from '../listing.ts'
import { listingReserved } from '../purchase.ts'
import {
  categoryProblems,
  checkNotPublic,
  readPrices,
  readVersions,
  sellableVersions,
  throwProblems,
} from './check-listing.ts'
import { aboutListing } from '../sales/events.ts'
import { removeUnlessSellable } from './remove-unless-sellable.ts'
import { readSamples } from './samples.ts'
import { toListing } from './view.ts'

export const createListing =
  ({ config, remote }: Pick<Deps, 'config' | 'remote'>) =>
  async (request: CreateListingRequest, call: Call) => {
    const { promptId, title, exclusive, includesUpdates, durationDays } = request
    const sellable = await sellableVersions(remote, promptId, call)
    const { problems, ...versions } = readVersions(request, sellable)
    const prices = readPrices({ ...request, price: request.price! }, config.sales.leastPrice)
    const wrong = await categoryProblems(remote, request.category, call)
    throwProblems({ category: wrong, others: [...problems, ...prices.problems] })
    checkNotPublic(versions.promptVersion, sellable)
    const sold = { promptId, promptVersion: versions.promptVersion }
    const samples = await readSamples(remote, request.sampleTestIds, sold, call)
    const { userId: sellerId } = call.caller
    const description = request.description || null
    const category = request.category || null
    const listingId = await idOfCreated(call, async (id, em, emit, createdAt) => {
      await checkNeverSold(em, promptId, exclusive)
      const listing = em.create(PromptListing, {
        ...prices.columns!,
        ...versions,
        id,
        promptId,
        sellerId,
        title,
        description,
        category,
        exclusive,
        includesUpdates,
        durationDays: durationDays ?? null,
        samples,
        status: 'ACTIVE',
        createdAt,
        search: searchOf({ title, description, category }),
      })
      emit(EVENTS.listingCreated, aboutListing(listing, call.caller))
    }).catch(async (error: unknown) => {
      throw brokenConstraint(error) === 'prompt_listings_active' ? await alreadyListed(promptId, call) : error
    })
    await removeUnlessSellable(remote, listingId, sold, call)
    const [row] = await call.sql(getListing, { id: listingId })
    if (!row) throw notFound('listing')
    return { listing: toListing(row) }
  }

/** Throws when a prompt was sold exclusively, is being sold so, or is to be although licences of it were sold. */
async function checkNeverSold(em: EntityManager, promptId: string, exclusive: boolean) {
  if (await em.count(PromptListing, { promptId, status: 'SOLD' })) {
    throw failedPrecondition('NOT_EXCLUSIVE', 'this prompt was sold exclusively, so it cannot be sold again')
  }
  // Of a listing that was removed while somebody paid for it.
  if (await em.count(PromptListing, { promptId, reservedTx: { $ne: null } })) throw listingReserved()
  if (exclusive && (await em.count(Transaction, { promptId, status: { $ne: 'FAILED' } }))) {
    throw failedPrecondition('NOT_EXCLUSIVE', 'licences of this prompt were sold, so it cannot be sold exclusively')
  }
}

/** FAILED_PRECONDITION with the listing that a prompt has. */
async function alreadyListed(promptId: string, { sql }: Call): Promise<AppError> {
  const [active] = await sql(activeListing, { promptId })
  return failedPrecondition(
    'ALREADY_LISTED',
    'this prompt has an active listing: change that, or remove it first',
    active && { metadata: { listing_id: active.id } },
  )
}
