import type { InferEntity } from '@mikro-orm/postgresql'
import { license_TypeFromJSON, type Entitlement } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import type { Sale } from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import type { License } from '../db/license.entity.ts'
import { minorOf } from '../money.ts'
import type { TransactionEntity } from './transaction-to-change.ts'

/** A licence as an entity. */
export type LicenseEntity = InferEntity<typeof License>

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
