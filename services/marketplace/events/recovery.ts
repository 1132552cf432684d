import { LockMode } from '@mikro-orm/postgresql'
import type { Received } from '#chassis/events/envelope.ts'
import { happenedAt, type Note, type Recovery, recovery } from '#chassis/events/recover.ts'
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
import { onPurchaseCompleted, onPurchaseRefunded } from './recover-sales.ts'

type Parts = Pick<Deps, 'database' | 'payments' | 'keys'>

/**
 * What `recover` brings back: sales with their money and their licences, refunds, and that licences ended, offers changed or were withdrawn. New
 * offers, payouts, keys of licences and disputes without an end are in no event.
 */
export const recoveryOf = (parts: Parts): Recovery =>
  recovery({
    listingCreated: onListingCreated(parts),
    listingUpdated: onListingChanged(parts),
    listingRemoved: onListingRemoved(parts),
    licenseGranted: onLicenseGranted(parts),
    licenseRevoked: onLicenseRevoked(parts),
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

/** Nobody is to buy at an earlier price. */
const onListingChanged =
  ({ database }: Parts) =>
  (received: Received<ListingUpdated>): Promise<Note | undefined> =>
    database.transaction(received, async (em) => {
      const { metadata, offer } = received.payload
      const listing = await em.findOne(PromptListing, metadata!.aggregateId, { lockMode: LockMode.PESSIMISTIC_WRITE })
      const revision = Number(metadata!.aggregateRevision)
      if (!listing || revision <= listing.revision) return undefined
      const { priceCents, currency } = offer!
      const price = amountText(priceCents)
      // A commercial licence costs no less than a personal one.
      const commercialPrice =
        listing.commercialPrice && Number(listing.commercialPrice) < Number(price) ? price : listing.commercialPrice
      Object.assign(listing, { price, commercialPrice, currency, revision, updatedAt: happenedAt(received) })
      return undefined
    })

/** Nobody is to buy what was withdrawn. */
const onListingRemoved =
  ({ database }: Parts) =>
  (received: Received<ListingRemoved>): Promise<Note | undefined> =>
    database.transaction(received, async (em) => {
      const { aggregateId, aggregateRevision } = received.payload.metadata!
      const listing = await em.findOne(PromptListing, aggregateId, { lockMode: LockMode.PESSIMISTIC_WRITE })
      const revision = Number(aggregateRevision)
      if (!listing || revision <= listing.revision) return undefined
      Object.assign(listing, { status: 'REMOVED', revision, updatedAt: happenedAt(received) })
      return undefined
    })

/** One that is not there yet comes with its purchase, whose event is the next. */
const onLicenseGranted =
  ({ database }: Parts) =>
  (received: Received<LicenseGranted>): Promise<Note | undefined> =>
    database.transaction(received, async (em) => {
      const { metadata } = received.payload
      const license = await em.findOne(License, metadata!.aggregateId, { lockMode: LockMode.PESSIMISTIC_WRITE })
      const revision = Number(metadata!.aggregateRevision)
      if (!license || revision <= license.revision) return undefined
      Object.assign(license, { isActive: true, revokedAt: null, revokeReason: null, revision })
      return undefined
    })

const onLicenseRevoked =
  ({ database }: Parts) =>
  (received: Received<LicenseRevoked>): Promise<Note | undefined> =>
    database.transaction(received, async (em) => {
      const { metadata, reason } = received.payload
      const license = await em.findOne(License, metadata!.aggregateId, { lockMode: LockMode.PESSIMISTIC_WRITE })
      const revision = Number(metadata!.aggregateRevision)
      if (!license || revision <= license.revision) return undefined
      Object.assign(license, { isActive: false, revision })
      if (reason !== Reason.EXPIRED && reason !== Reason.RENEWED) {
        license.revokedAt = happenedAt(received)
        license.revokeReason = reason === Reason.DISPUTED ? DISPUTED : null
      }
      return undefined
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
