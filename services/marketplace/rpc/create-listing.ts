import { type EntityManager } from '@mikro-orm/postgresql'
import { brokenConstraint } from '#chassis/db/failures.ts'
import { idOfCreated } from '#chassis/db/idempotency.ts'
import { type AppError, failedPrecondition, invalid, notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { searchVector } from '#chassis/search/vector.ts'
import { EVENTS } from '#contracts/events.ts'
import type { CreateListingRequest } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import type { Deps } from '../context.ts'
import { getListing } from '../db/listings.ts'
import { PromptListing } from '../db/prompt-listing.entity.ts'
import { Transaction } from '../db/transaction.entity.ts'
import { checkCategory, checkVersions, readPrices, sellableVersions } from './check-listing.ts'
import { aboutListing } from './listing-events.ts'
import { readSamples } from './samples.ts'
import { toListing } from './view.ts'

export const createListing =
  ({ config, remote }: Pick<Deps, 'config' | 'remote'>) =>
  async (request: CreateListingRequest, call: Call) => {
    const { promptId, title, exclusive, includesUpdates, durationDays } = request
    const prices = readPrices(request, config.sales.leastPrice)
    const access = await sellableVersions(remote, promptId, call)
    const versions = checkVersions(request, access)
    if (prices.problems || versions.problems) throw invalid([...(prices.problems ?? []), ...(versions.problems ?? [])])
    await checkCategory(remote, request.category, call)
    const samples = await readSamples(
      remote,
      request.sampleTestIds,
      { promptId, promptVersion: versions.promptVersion },
      call,
    )
    const { userId: sellerId } = call.caller
    const description = request.description || null
    const category = request.category || null
    const listingId = await idOfCreated(call, async (id, em, emit, createdAt) => {
      await checkNeverSold(em, promptId, exclusive)
      const listing = em.create(PromptListing, {
        ...prices.columns,
        promptVersion: versions.promptVersion,
        minVersion: versions.minVersion,
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
        search: searchVector({ title, tags: category ? [category] : [], description }),
      })
      emit(EVENTS.listingCreated, aboutListing(listing, call.caller))
    }).catch((error: unknown) => {
      throw brokenConstraint(error) === 'prompt_listings_active' ? alreadyListed() : error
    })
    const [row] = await call.sql(getListing, { id: listingId })
    if (!row) throw notFound('listing')
    return { listing: toListing(row) }
  }

/** Throws when a prompt was sold exclusively, or is to be although licences of it were sold. */
async function checkNeverSold(em: EntityManager, promptId: string, exclusive: boolean) {
  if (await em.count(PromptListing, { promptId, status: 'SOLD' })) {
    throw failedPrecondition('NOT_EXCLUSIVE', 'this prompt was sold exclusively, so it cannot be sold again')
  }
  if (exclusive && (await em.count(Transaction, { promptId, status: { $ne: 'FAILED' } }))) {
    throw failedPrecondition('NOT_EXCLUSIVE', 'licences of this prompt were sold, so it cannot be sold exclusively')
  }
}

const alreadyListed = (): AppError =>
  failedPrecondition('ALREADY_LISTED', 'this prompt has an active listing: change that, or remove it first')
