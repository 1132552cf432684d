import { aborted, type AppError, failedPrecondition } from '#chassis/errors.ts'
import { isOver } from './license.ts'
import { amountText, feeOf, minorOf } from './money.ts'

/** Which licence. */
export type LicenseType = 'PERSONAL' | 'COMMERCIAL'

/** What of a listing decides whether it can be bought, and for what. Prices are as DECIMAL(10,2) says them. */
export type Offer = {
  sellerId: string
  status: 'ACTIVE' | 'SOLD' | 'REMOVED'
  price: string
  commercialPrice?: string | null
  currency: string
  reservedTx?: string | null
  promptVersion: number
  minVersion: number
  includesUpdates: boolean
  durationDays?: number | null
}

/** Who wants to buy what, for how much. */
export type Wanted = { buyerId: string; licenseType: LicenseType; cents: bigint; currency: string }

/** A licence that the buyer has of the same prompt and type, which nobody has ended. */
type Held = { id: string; expiresAt: Date | null }

/** Throws why somebody cannot buy a licence now; otherwise answers with what a transaction holds of the offer, as it is now. */
export function checkPurchase(offer: Offer, wanted: Wanted, held: Held | undefined, feeBps: number, now: Date) {
  const { buyerId, licenseType } = wanted
  if (offer.sellerId === buyerId)
    throw failedPrecondition('OWN_LISTING', 'this listing is your own: nothing is to be bought')
  if (offer.status !== 'ACTIVE') throw listingNotActive()
  const price = licenseType === 'PERSONAL' ? offer.price : offer.commercialPrice
  if (!price) {
    throw failedPrecondition('LICENSE_TYPE_NOT_SOLD', `this listing sells no ${licenseType} licence: buy another type`)
  }
  if (held && !isOver(held, now)) {
    throw failedPrecondition('ALREADY_LICENSED', `you have an active ${licenseType} licence of this prompt`, {
      metadata: { license_id: held.id },
    })
  }
  const amount = minorOf(price)
  if (amount !== wanted.cents || offer.currency !== wanted.currency) {
    throw aborted(
      'PRICE_CHANGED',
      `the price is ${amountText(amount)} ${offer.currency}: repeat the purchase with it if you agree`,
    )
  }
  if (offer.reservedTx) throw listingReserved()
  return {
    sellerId: offer.sellerId,
    amount: price,
    currency: offer.currency,
    fee: amountText(feeOf(amount, feeBps)),
    feeBps,
    minVersion: offer.minVersion,
    maxVersion: offer.includesUpdates ? null : offer.promptVersion,
    durationDays: offer.durationDays ?? null,
  }
}

/** FAILED_PRECONDITION: nothing can be done with a listing that was removed or sold. */
export const listingNotActive = (): AppError =>
  failedPrecondition('LISTING_NOT_ACTIVE', 'this listing was removed or sold')

/** FAILED_PRECONDITION: the only licence is being paid. */
export const listingReserved = (): AppError =>
  failedPrecondition(
    'LISTING_RESERVED',
    'somebody is paying for the only licence of this listing: it is free again if they do not pay',
  )
