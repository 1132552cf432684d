import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { text, timestamptz } from '#chassis/db/params.ts'
import { type Sql, statement } from '#chassis/db/statements.ts'
import type { Emit } from '#chassis/db/transaction.ts'
import type { Received } from '#chassis/events/envelope.ts'
import { happenedAt, type Note } from '#chassis/events/recover.ts'
import { newId } from '#chassis/ids.ts'
import { EVENTS } from '#contracts/events.ts'
import { license_TypeToJSON } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import {
  LicenseGranted,
  type PurchaseCompleted,
  type PurchaseRefunded,
  type Sale,
} from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import type { Deps } from '../context.ts'
import { PromptListing } from '../db/prompt-listing.entity.ts'
import { Transaction } from '../db/transaction.entity.ts'
import { amountText } from '../money.ts'
import { PROVIDER } from '../payments/payment.ts'
import { isPaymentError } from '../payments/payment-error.ts'
import type { LicenseType } from '../purchase.ts'
import { completeInTransaction } from '../sales/end-purchase.ts'
import { followGivenBack } from '../sales/give-back.ts'
import { storePosting } from '../sales/store-posting.ts'
import { applyChanges, rulesOf } from '../sales/transaction-to-change.ts'
import { requestRefund } from '../transaction.ts'

type Parts = Pick<Deps, 'database' | 'payments' | 'keys'>

/** Milliseconds of a day. */
const DAY = 86_400_000

/** Others have heard of it. */
const tellNobody: Emit = Object.assign(() => undefined, { audit: () => undefined })

/** The licence that a purchase has granted: its event was stored just before that of the purchase, at the same time. */
export const findGranted = statement('find_granted_license', {
  subject: text,
  buyerId: text,
  promptId: text,
  at: timestamptz,
})<{ payload: unknown }>(
  (p) => `select payload from outbox
    where subject = ${p.subject} and occurred_at = ${p.at} and payload -> 'entitlement' ->> 'userId' = ${p.buyerId}
      and payload -> 'entitlement' ->> 'promptId' = ${p.promptId}
    limit 1`,
)

/** Brings a sale back as it was completed: the ledger, the licence under its id with another key, and which payment it was. */
export const onPurchaseCompleted =
  ({ database, payments, keys: { vault } }: Parts) =>
  async (received: Received<PurchaseCompleted>): Promise<Note | undefined> => {
    const { metadata, actor, sale } = received.payload
    const id = metadata!.aggregateId
    const before = await database.fork().findOne(Transaction, id)
    if (before && before.status !== 'PENDING') return undefined
    const now = happenedAt(received)
    const granted = await grantedBy(database.sql, { buyerId: actor!.userId, promptId: sale!.promptId, at: now })
    if (!granted) return 'the sale is lost: the streams do not have the event of its licence any more'
    const providerRef = before?.providerRef ?? (await paymentOf({ payments }, id, sale!))
    await database.transaction(received, async (em) => {
      const tx =
        (await em.findOne(Transaction, id, { lockMode: LockMode.PESSIMISTIC_WRITE })) ??
        (await makeTransaction(em, { id, buyerId: actor!.userId, sale: sale!, granted, now }))
      tx.providerRef = providerRef
      await completeInTransaction(em, tellNobody, { tx, vault, now, licenseId: granted.entitlement!.licenseId })
    })
    if (providerRef) return undefined
    return 'the sale is back, but not which payment it was: look for it at the payment provider, and refund it there only'
  }

async function grantedBy(sql: Sql, about: { buyerId: string; promptId: string; at: Date }) {
  const [found] = await sql(findGranted, { subject: EVENTS.licenseGranted.subject, ...about })
  return found && LicenseGranted.fromJSON(found.payload)
}

/**
 * The payment of a transaction: whoever asks for another one within a day gets the same, also one that was taken this minute. One that is new is of no use, and then an
 * older one is searched for.
 */
async function paymentOf(
  { payments }: Pick<Parts, 'payments'>,
  id: string,
  { amountCents: amount, currency }: Sale,
): Promise<string | null> {
  const { reference } = await payments.create(id, { amount, currency })
  const { status } = await payments.retrieve(reference)
  if (status === 'SUCCEEDED') return reference
  await payments.cancel(id, reference)
  const paid = await payments.paid(id).catch((error: unknown) => {
    // Stripe has no search for accounts of some countries.
    if (isPaymentError(error) && error.kind === 'refused') return undefined
    throw error
  })
  return paid?.reference ?? null
}

type Lost = { id: string; buyerId: string; sale: Sale; granted: LicenseGranted; now: Date }

async function makeTransaction(em: EntityManager, { id, buyerId, sale, granted, now }: Lost) {
  const { promptId, sellerId, amountCents, feeCents, currency } = sale
  const { minVersion, maxVersion = null, expiresAt } = granted.entitlement!
  const listing = (await em.findOne(PromptListing, sale.listingId)) ?? (await makeListing(em, sale, minVersion, now))
  const transaction = em.create(Transaction, {
    id,
    listing,
    buyerId,
    sellerId,
    promptId,
    currency,
    minVersion,
    maxVersion,
    amount: amountText(amountCents),
    fee: amountText(feeCents),
    feeBps: Math.round((Number(feeCents) * 10_000) / Number(amountCents)),
    licenseType: license_TypeToJSON(sale.licenseType) as LicenseType,
    durationDays: expiresAt ? Math.round((expiresAt.getTime() - now.getTime()) / DAY) : null,
    requestId: newId(),
    provider: PROVIDER,
    status: 'PENDING',
    revision: 1,
    createdAt: now,
  })
  // What refers to it is stored by a statement, before the unit of work is.
  await em.flush()
  return transaction
}

/** A listing that is lost and has sold something is there as a removed one, without its texts. */
async function makeListing(em: EntityManager, sale: Sale, minVersion: number, now: Date) {
  const listing = em.create(PromptListing, {
    id: sale.listingId,
    promptId: sale.promptId,
    sellerId: sale.sellerId,
    title: '',
    price: amountText(sale.amountCents),
    status: 'REMOVED',
    createdAt: now,
    promptVersion: minVersion,
    minVersion,
    includesUpdates: true,
    currency: sale.currency,
    exclusive: false,
    search: '',
  })
  await em.flush()
  return listing
}

/** Claims a refund again that the payment provider has; the reconciler of the running service finds out what came of it. */
export const onPurchaseRefunded =
  ({ database, payments }: Parts) =>
  async (received: Received<PurchaseRefunded>): Promise<Note | undefined> => {
    const id = received.payload.metadata!.aggregateId
    const known = await database.fork().findOne(Transaction, id)
    if (!known || known.status !== 'COMPLETED' || known.refundState) return undefined
    const refund = known.providerRef ? await payments.refundOf(known.providerRef) : undefined
    if (!refund) return NO_REFUND
    return database.transaction(received, async (em) => {
      const tx = await em.findOneOrFail(Transaction, id, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true })
      const now = happenedAt(received)
      const before = rulesOf(tx)
      const decision = requestRefund(before, { as: 'ADMIN' }, now)
      if (decision.refusal) return `the refund is not brought back: ${decision.refusal.message}`
      applyChanges(tx, decision.changes)
      Object.assign(tx, { refundRequestedAt: now, nextCheckAt: now, checks: 0 })
      await followGivenBack(em, tellNobody, { before, tx, now })
      await storePosting(em, decision.posting!, { sellerId: tx.sellerId, currency: tx.currency }, now)
      return undefined
    })
  }

const NO_REFUND =
  'the payment provider has no refund of this sale: if it has a dispute, let it send the events of that again; otherwise refund the sale'
