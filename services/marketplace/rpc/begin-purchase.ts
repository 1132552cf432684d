import { brokenConstraint } from '#chassis/db/failures.ts'
import { lockOne } from '#chassis/db/lock-one.ts'
import { sqlIn } from '#chassis/db/sql-in.ts'
import type { Sql } from '#chassis/db/statements.ts'
import { aborted, type AppError, failedPrecondition, notFound } from '#chassis/errors.ts'
import { eventHeaders } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { newId } from '#chassis/ids.ts'
import { getHeldLicense } from '../db/licenses.ts'
import { PromptListing } from '../db/prompt-listing.entity.ts'
import { Transaction } from '../db/transaction.entity.ts'
import { type EarlierRow, findEarlier } from '../db/transactions.ts'
import { amountText } from '../money.ts'
import { PROVIDER } from '../payments/payment.ts'
import { checkPurchase, type LicenseType } from '../purchase.ts'
import { GIVEN_UP_MS } from '../sales/finalise.ts'

/** What somebody wants to buy, and how they pay. `cents` is the price that they expect. */
export type Purchase = {
  listingId: string
  licenseType: LicenseType
  paymentMethod: string
  cents: bigint
  currency: string
  requestId: string
}

/**
 * Begins a purchase: its PENDING transaction is stored, and an exclusive listing is reserved for it. A purchase that was begun before, with the same
 * `request_id` or at the same time, is the answer instead, and `isNew` is false. The listing is locked meanwhile, so of many at once one is the first.
 */
export async function beginPurchase(
  purchase: Purchase,
  { caller, transaction, origin }: Call,
  feeBps: number,
): Promise<{ id: string; isNew: boolean }> {
  const { listingId, licenseType, cents, currency, paymentMethod, requestId } = purchase
  const buyerId = caller.userId
  const begin = () =>
    transaction(async (em, _emit, now) => {
      const listing = await lockOne(em, PromptListing, { id: listingId })
      if (!listing) throw notFound('listing')
      const { promptId } = listing
      const sql = sqlIn(em)
      const same = await sameAs(sql, purchase, buyerId, promptId)
      if (same) return { id: same, isNew: false }
      const [license] = await sql(getHeldLicense, { buyerId, promptId, licenseType })
      const held = license && { id: license.id, expiresAt: license.expires_at }
      const terms = checkPurchase(listing, { buyerId, licenseType, cents, currency }, held, feeBps, now)
      const id = newId()
      em.create(Transaction, {
        ...terms,
        id,
        listing,
        buyerId,
        promptId,
        licenseType,
        paymentMethod,
        requestId,
        provider: PROVIDER,
        status: 'PENDING',
        createdAt: now,
        cause: eventHeaders(origin),
        nextCheckAt: new Date(now.getTime() + GIVEN_UP_MS),
      })
      if (listing.exclusive) listing.reservedTx = id
      return { id, isNew: true }
    })
  return begin().catch((error: unknown) => {
    // Of two listings, so that no lock of one kept them apart.
    const broken = brokenConstraint(error)
    if (broken === 'transactions_request_id') throw requestIdReused()
    if (broken === 'transactions_pending') throw otherPurchase()
    throw error
  })
}

/** The id of the purchase that this one is: of the same request, or of the same licence while it is being paid. */
async function sameAs(
  sql: Sql,
  { listingId, licenseType, cents, currency, paymentMethod, requestId }: Purchase,
  buyerId: string,
  promptId: string,
): Promise<string | undefined> {
  const isSame = (tx: EarlierRow) =>
    tx.listing_id === listingId &&
    tx.license_type === licenseType &&
    tx.amount === amountText(cents) &&
    tx.currency === currency
  const found = await sql(findEarlier, { buyerId, promptId, licenseType, requestId })
  const earlier = found.find((tx) => tx.request_id === requestId)
  if (earlier && !(isSame(earlier) && earlier.payment_method === paymentMethod)) throw requestIdReused()
  if (earlier) return earlier.id
  const [pending] = found
  if (pending && !isSame(pending)) throw otherPurchase()
  return pending?.id
}

const requestIdReused = (): AppError =>
  failedPrecondition('REQUEST_ID_REUSED', 'this request_id was used for a different request: use a new one')

const otherPurchase = (): AppError =>
  aborted('CONCURRENT_CHANGE', 'you are paying for this licence already, on other terms: wait until that has ended', {
    retryAfterMs: 1000,
  })
