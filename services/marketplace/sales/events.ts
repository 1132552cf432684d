import type { InferEntity } from '@mikro-orm/postgresql'
import type { Actor } from '#contracts/gen/promptforge/event/v1/event.ts'
import { license_TypeFromJSON, type Entitlement } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import type { Sale } from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import type { License } from '../db/license.entity.ts'
import type { PromptListing } from '../db/prompt-listing.entity.ts'
import { minorOf } from '../money.ts'
import type { TransactionEntity } from './transaction-to-change.ts'

/** A listing as an entity. */
export type ListingEntity = InferEntity<typeof PromptListing>

/** A licence as an entity. */
export type LicenseEntity = InferEntity<typeof License>

/** An event about a listing, by somebody, or by nobody when it happens by itself. */
export const aboutListing = (listing: ListingEntity, { userId, username }: Actor = { userId: '', username: '' }) => ({
  metadata: { aggregateId: listing.id, aggregateRevision: BigInt(listing.revision) },
  actor: { userId, username },
  offer: {
    promptId: listing.promptId,
    sellerId: listing.sellerId,
    priceCents: minorOf(listing.price),
    currency: listing.currency,
  },
})

/** The first members of an event about a transaction. */
export const aboutTransaction = (tx: TransactionEntity) => ({
  metadata: { aggregateId: tx.id, aggregateRevision: BigInt(tx.revision) },
  actor: { userId: tx.buyerId, username: '' },
  sale: saleOf(tx),
})

/** The first members of an event about a licence. */
export const aboutLicense = (license: LicenseEntity) => ({
  metadata: { aggregateId: license.id, aggregateRevision: BigInt(license.revision) },
  actor: { userId: license.buyerId, username: '' },
  entitlement: entitlementOf(license),
})

/** What a licence unlocks. */
export const entitlementOf = (license: LicenseEntity): Entitlement => ({
  licenseId: license.id,
  promptId: license.promptId,
  userId: license.buyerId,
  licenseType: license_TypeFromJSON(license.licenseType),
  minVersion: license.minVersion,
  maxVersion: license.maxVersion ?? undefined,
  expiresAt: license.expiresAt ?? undefined,
  active: license.isActive,
  revision: BigInt(license.revision),
})

const saleOf = (tx: TransactionEntity): Sale => ({
  listingId: tx.listing.id,
  promptId: tx.promptId,
  sellerId: tx.sellerId,
  licenseType: license_TypeFromJSON(tx.licenseType),
  amountCents: minorOf(tx.amount),
  feeCents: minorOf(tx.fee),
  currency: tx.currency,
})
