import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import type { Received } from '#chassis/events/envelope.ts'
import { happenedAt, type Note, type Recovery, recovery, whenNewer } from '#chassis/events/recover.ts'
import type {
  LicenseGranted,
  LicenseRevoked,
  ListingRemoved,
  ListingUpdated,
  PurchaseFailed,
} from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import { LicenseRevoked_Reason as Reason } from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import type { Deps } from '../context.ts'
import { License } from '../db/license.entity.ts'
import { PromptListing } from '../db/prompt-listing.entity.ts'
import { Transaction } from '../db/transaction.entity.ts'
import { amountText } from '../money.ts'
import { DISPUTED } from '../sales/dispute.ts'
import type { LicenseEntity, ListingEntity } from '../sales/events.ts'
import { onPurchaseCompleted, onPurchaseRefunded } from './recover-sales.ts'

type Parts = Pick<Deps, 'database' | 'payments' | 'keys'>

/**
 * What `recover` brings back: sales with their money and their licences, refunds, and that licences ended, offers changed or were withdrawn. New
 * offers, payouts, keys of licences and disputes without an end are in no event.
 */
export const recoveryOf = (parts: Parts): Recovery =>
  recovery({
    listingCreated: onListingCreated(parts),
    listingUpdated: onListingChanged(parts.database),
    listingRemoved: onListingRemoved(parts.database),
    licenseGranted: onLicenseGranted(parts.database),
    licenseRevoked: onLicenseRevoked(parts.database),
    purchaseCompleted: onPurchaseCompleted(parts),
    purchaseFailed: onPurchaseFailed(parts),
    purchaseRefunded: onPurchaseRefunded(parts),
  })

const onListingCreated =
  ({ database }: Parts) =>
  async ({ payload }: Received<{ metadata?: { aggregateId: string } | undefined }>): Promise<Note | undefined> => {
    const listing = await database.fork().findOne(PromptListing, payload.metadata!.aggregateId)
    return listing ? undefined : 'the listing is lost: its seller has to offer the prompt again'
  }

const listingToChange = (em: EntityManager, id: string): Promise<ListingEntity | null> =>
  em.findOne(PromptListing, id, { lockMode: LockMode.PESSIMISTIC_WRITE })

/** Nobody is to buy at an earlier price. */
const onListingChanged = whenNewer(listingToChange, (listing, received: Received<ListingUpdated>) => {
  const { priceCents, currency } = received.payload.offer!
  const price = amountText(priceCents)
  // A commercial licence costs no less than a personal one.
  const commercialPrice =
    listing.commercialPrice && Number(listing.commercialPrice) < Number(price) ? price : listing.commercialPrice
  return { price, commercialPrice, currency, updatedAt: happenedAt(received) }
})

/** Nobody is to buy what was withdrawn. */
const onListingRemoved = whenNewer(listingToChange, (_, received: Received<ListingRemoved>) => ({
  status: 'REMOVED',
  updatedAt: happenedAt(received),
}))

const licenseToChange = (em: EntityManager, id: string): Promise<LicenseEntity | null> =>
  em.findOne(License, id, { lockMode: LockMode.PESSIMISTIC_WRITE })

/** One that is not there yet comes with its purchase, whose event is the next. */
const onLicenseGranted = whenNewer<LicenseEntity, LicenseGranted>(licenseToChange, () => ({
  isActive: true,
  revokedAt: null,
  revokeReason: null,
}))

const onLicenseRevoked = whenNewer(licenseToChange, (_, received: Received<LicenseRevoked>) => {
  const { reason } = received.payload
  if (reason === Reason.EXPIRED || reason === Reason.RENEWED) return { isActive: false }
  return {
    isActive: false,
    revokedAt: happenedAt(received),
    revokeReason: reason === Reason.DISPUTED ? DISPUTED : null,
  }
})

const onPurchaseFailed =
  ({ database }: Parts) =>
  (received: Received<PurchaseFailed>): Promise<Note | undefined> =>
    database.transaction(received, async (em) => {
      const { metadata, failureReason } = received.payload
      const tx = await em.findOne(Transaction, metadata!.aggregateId, { lockMode: LockMode.PESSIMISTIC_WRITE })
      if (tx?.status !== 'PENDING') return undefined
      const revision = Number(metadata!.aggregateRevision)
      const completedAt = happenedAt(received)
      Object.assign(tx, { status: 'FAILED', completedAt, failureReason, nextCheckAt: null, revision })
      const listing = await em.findOneOrFail(PromptListing, tx.listing.id)
      if (listing.reservedTx === tx.id) listing.reservedTx = null
      return undefined
    })
