import { LockMode } from '@mikro-orm/postgresql'
import type { Cause } from '#chassis/cause.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { Statement } from '#chassis/db/statements.ts'
import { eraseFromOutbox } from '#chassis/events/erase-from-outbox.ts'
import { revise } from '#chassis/revise.ts'
import { EVENTS } from '#contracts/events.ts'
import * as db from './db/erase-user.ts'
import { PromptListing } from './db/prompt-listing.entity.ts'
import { aboutListing, type ListingEntity } from './sales/events.ts'

/** Listings that one transaction empties. Each may have samples of 60,000 characters. */
const AT_ONCE = 50

/**
 * Erases a user who was erased in the user service: withdraws what they sell, and takes all that they have written. Transactions, licences
 * and the ledger keep ids and amounts, so that the accounts still agree, and licences that were sold stay valid. It may be done again, and goes on
 * where another was killed.
 */
export async function eraseUser(
  { sql, transaction }: Pick<Database, 'sql' | 'transaction'>,
  userId: string,
  cause: Cause,
): Promise<void> {
  await untilDone(() => emptyListings(transaction, userId, cause))
  const all = (statement: Statement<{ userId: string }, object>) =>
    untilDone(async () => (await sql(statement, { userId })).length)
  await all(db.erasePaymentMethods)
  await all(db.eraseRefundReasons)
  await all(db.eraseRevokeReasons)
  await eraseFromOutbox(sql, userId)
}

/** Empties some of a user's listings that are not empty, and answers with how many. */
const emptyListings = (transaction: Database['transaction'], sellerId: string, cause: Cause): Promise<number> =>
  transaction(cause, async (em, emit, now) => {
    const listings = await em.find(
      PromptListing,
      { sellerId, $or: [{ title: { $ne: '' } }, { status: 'ACTIVE' }] },
      { orderBy: { id: 'asc' }, limit: AT_ONCE, lockMode: LockMode.PESSIMISTIC_WRITE },
    )
    for (const listing of listings) {
      const wasActive = listing.status === 'ACTIVE'
      emptyListing(listing, now)
      if (wasActive) emit(EVENTS.listingRemoved, aboutListing(listing))
    }
    return listings.length
  })

function emptyListing(listing: ListingEntity, now: Date) {
  const status = listing.status === 'ACTIVE' ? 'REMOVED' : listing.status
  revise<ListingEntity>(listing, { status, title: '', description: null, samples: [], search: '' }, now)
}

async function untilDone(change: () => Promise<number>) {
  while ((await change()) > 0);
}
