import { LockMode } from '@mikro-orm/postgresql'
import { isAppError, type Reason } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import type { Remote } from '../context.ts'
import { PromptListing } from '../db/prompt-listing.entity.ts'
import { withdraw } from '../listing.ts'
import { checkNotPublic, sellableVersions } from './check-listing.ts'
import { aboutListing } from './listing-events.ts'
import type { Sold } from './samples.ts'

/**
 * Asks once more, when a listing is stored, whether what it sells can be sold: the event that the prompt was deleted or became public may have come
 * after the first answer, when there was no such listing yet. If it cannot, the listing is removed. Throws as the check before.
 */
export async function removeUnlessSellable(
  remote: Pick<Remote, 'access'>,
  listingId: string,
  { promptId, promptVersion }: Sold,
  call: Call,
): Promise<void> {
  try {
    checkNotPublic(promptVersion, await sellableVersions(remote, promptId, call))
  } catch (error) {
    if (isAppError(error) && REFUSALS.has(error.reason)) await remove(listingId, call)
    throw error
  }
}

/** Why a version cannot be sold. When the prompt service does not answer, nothing is known. */
const REFUSALS: ReadonlySet<Reason> = new Set<Reason>(['RESOURCE_NOT_FOUND', 'PROMPT_IS_PUBLIC', 'RESALE_NOT_ALLOWED'])

const remove = (id: string, { transaction }: Call): Promise<void> =>
  transaction(async (em, emit, now) => {
    const active = { id, status: 'ACTIVE' as const }
    const listing = await em.findOne(PromptListing, active, { lockMode: LockMode.PESSIMISTIC_WRITE })
    if (!listing) return
    withdraw(listing, now)
    emit(EVENTS.listingRemoved, aboutListing(listing))
  })
