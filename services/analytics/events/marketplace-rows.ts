import type { Received } from '#chassis/events/envelope.ts'
import type { Actor, EventMetadata } from '#contracts/gen/promptforge/event/v1/event.ts'
import { type Entitlement, license_TypeToJSON } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import {
  type LicenseRevoked_Reason as Reason,
  licenseRevoked_ReasonToJSON,
  type Offer,
  type Sale,
} from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import { BadEvent, json, moment, text, uuid } from './checks.ts'
import { onceOf, type RowsOf, type UserEventRow } from './rows.ts'

/** What the events of the marketplace have in common, and of which each has one; what else one says goes to `properties`. */
type AboutMarketplace = {
  metadata?: EventMetadata
  actor?: Actor
  offer?: Offer
  sale?: Sale
  entitlement?: Entitlement
  reason?: Reason
}

/** Cents up to which a price can go, many times over: sums of many stay exact. */
const MOST_CENTS = 1_000_000_000_000n

/**
 * The row of an event about a listing, a transaction or a licence: an activity of who did it. That is the buyer of a purchase, whose seller
 * and prompt are in `properties`: by these, `db/sales.ts` counts it for them. A listing that nobody removed is its seller's.
 */
export const marketplaceRows: RowsOf<UserEventRow> = (received) => [() => marketplaceRow(received)]

function marketplaceRow({ event, id, payload }: Received): UserEventRow {
  const { metadata, actor, offer, sale, entitlement, reason, ...rest } = payload as AboutMarketplace
  const about = { [`${event.about}Id`]: uuid('aggregate_id', metadata?.aggregateId ?? '') }
  const facts = factsOf({ offer, sale, entitlement })
  return {
    id: uuid('id', id),
    time: moment(metadata?.occurredAt),
    type: event.name,
    userId: uuid('user_id', actor?.userId || offer?.sellerId || ''),
    username: text('username', actor?.username, 50),
    email: null,
    properties: json({
      ...about,
      ...facts,
      ...(reason !== undefined && { reason: licenseRevoked_ReasonToJSON(reason) }),
      ...rest,
    }),
    once: onceOf(event, metadata),
    facts: undefined,
  }
}

function factsOf({ offer, sale, entitlement }: Pick<AboutMarketplace, 'offer' | 'sale' | 'entitlement'>) {
  if (offer) return offerOf(offer)
  if (sale) return saleOf(sale)
  if (entitlement) return entitlementOf(entitlement)
  throw new BadEvent('it does not say what was offered, sold or unlocked')
}

const offerOf = ({ promptId, sellerId, priceCents, currency }: Offer) => ({
  promptId: uuid('prompt_id', promptId),
  sellerId: uuid('seller_id', sellerId),
  priceCents: centsOf('price_cents', priceCents),
  currency: currencyOf(currency),
})

const saleOf = ({ listingId, promptId, sellerId, licenseType, amountCents, feeCents, currency }: Sale) => ({
  listingId: uuid('listing_id', listingId),
  promptId: uuid('prompt_id', promptId),
  sellerId: uuid('seller_id', sellerId),
  licenseType: license_TypeToJSON(licenseType),
  amountCents: centsOf('amount_cents', amountCents),
  feeCents: centsOf('fee_cents', feeCents),
  currency: currencyOf(currency),
})

const entitlementOf = ({ promptId, licenseType, ...rest }: Entitlement) => ({
  ...rest,
  promptId: uuid('prompt_id', promptId),
  licenseType: license_TypeToJSON(licenseType),
})

function centsOf(what: string, cents: bigint): bigint {
  if (cents < 0n || cents > MOST_CENTS) throw new BadEvent(`its ${what} is not an amount of money`)
  return cents
}

function currencyOf(currency: string): string {
  if (!/^[A-Z]{3}$/.test(currency)) throw new BadEvent('its currency is not three upper-case letters')
  return currency
}
