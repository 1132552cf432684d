import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { brokenConstraint } from '#chassis/db/failures.ts'
import { aborted, type AppError, failedPrecondition, notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { newId } from '#chassis/ids.ts'
import { License } from '../db/license.entity.ts'
import { PromptListing } from '../db/prompt-listing.entity.ts'
import { Transaction } from '../db/transaction.entity.ts'
import { amountText } from '../money.ts'
import { PROVIDER } from '../payments/payment.ts'
import { checkPurchase, type LicenseType } from '../purchase.ts'
import { GIVEN_UP_MS } from '../sales/finalise.ts'
import type { TransactionEntity } from '../sales/transaction-to-change.ts'

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
  { caller, transaction }: Call,
  feeBps: number,
): Promise<{ id: string; isNew: boolean }> {
  const { listingId, licenseType, cents, currency, paymentMethod, requestId } = purchase
  const buyerId = caller.userId
  const begin = () =>
    transaction(async (em, _emit, now) => {
      const listing = await em.findOne(PromptListing, listingId, { lockMode: LockMode.PESSIMISTIC_WRITE })
      if (!listing) throw notFound('listing')
      const { promptId } = listing
      const same = await sameAs(em, purchase, buyerId, promptId)
      if (same) return { id: same, isNew: false }
      const held = await em.findOne(License, { buyerId, promptId, licenseType, isActive: true })
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
  em: EntityManager,
  { listingId, licenseType, cents, currency, paymentMethod, requestId }: Purchase,
  buyerId: string,
  promptId: string,
): Promise<string | undefined> {
  const isSame = (tx: TransactionEntity) =>
    tx.listing.id === listingId &&
    tx.licenseType === licenseType &&
    tx.amount === amountText(cents) &&
    tx.currency === currency
  const found = await em.find(Transaction, {
    $or: [
      { buyerId, requestId },
      { buyerId, promptId, licenseType, status: 'PENDING' },
    ],
  })
  const earlier = found.find((tx) => tx.requestId === requestId)
  if (earlier && !(isSame(earlier) && earlier.paymentMethod === paymentMethod)) throw requestIdReused()
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
