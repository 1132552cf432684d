import { isAppError, type Reason } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { Remote } from '../context.ts'
import { withdrawListing } from '../sales/withdraw-listing.ts'
import { checkNotPublic, sellableVersions } from './check-listing.ts'
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
    if (isAppError(error) && REFUSALS.has(error.reason)) {
      await call.transaction((em, emit, now) => withdrawListing(em, emit, { id: listingId }, now))
    }
    throw error
  }
}

/** Why a version cannot be sold. When the prompt service does not answer, nothing is known. */
const REFUSALS: ReadonlySet<Reason> = new Set<Reason>(['RESOURCE_NOT_FOUND', 'PROMPT_IS_PUBLIC', 'RESALE_NOT_ALLOWED'])
