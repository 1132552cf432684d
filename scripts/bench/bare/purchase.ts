import type { Pool, PoolClient } from 'pg'
import { v7 } from 'uuid'
import { storeEvents } from '#chassis/db/transaction.ts'
import { createVault } from '#chassis/vault.ts'
import { type EventDefinition, EVENTS } from '#contracts/events.ts'
import {
  Audited,
  AuditEntry_Action as Action,
  AuditEntry_Target_Kind as Kind,
} from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { license_TypeToJSON, License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import { LicenseGranted, PurchaseCompleted } from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import {
  type PurchaseListingRequest,
  PurchaseServiceService,
} from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import { KEYS_PURPOSE } from '../../../services/marketplace/context.ts'
import { getHeldLicense, getLicenseOf } from '../../../services/marketplace/db/licenses.ts'
import { insertBalance, insertPosting } from '../../../services/marketplace/db/store-posting.ts'
import { findEarlier, getTransaction } from '../../../services/marketplace/db/transactions.ts'
import { amountText, feeOf, minorOf } from '../../../services/marketplace/money.ts'
import { toLicense, toTransaction } from '../../../services/marketplace/rpc/view.ts'
import { getPending, GIVEN_UP_MS } from '../../../services/marketplace/sales/finalise.ts'
import { keyOf, newKey } from '../../../services/marketplace/sales/licenses.ts'
import { storeReference } from '../../../services/marketplace/sales/pay.ts'
import { openPayments } from './payments.ts'
import * as sql from './purchase-statements.ts'
import { bareRpc, type BareRpc, query } from './serve.ts'

const FEE_BPS = 2000

/**
 * PurchaseListing with nothing but its statements, in their transactions, and its three calls of the payment provider: create, confirm and retrieve. The
 * prompt service is not told of the licence.
 */
export function purchaseRpc(pool: Pool, env: Record<string, string>): BareRpc {
  const payments = openPayments(env['PF_PAYMENTS_URL']!, env['PF_PAYMENTS_KEY']!)
  const vault = createVault([env['PF_LICENSE_KEY_SECRET']!], KEYS_PURPOSE)

  const begin = (request: PurchaseListingRequest, buyerId: string) =>
    inTransaction(pool, async (client) => {
      const { listingId, paymentMethod } = request
      const requestId = request.requestId!
      const [listing] = await query(client, sql.lockListing, { id: listingId })
      if (listing?.status !== 'ACTIVE') throw new Error('no such listing')
      const of = { buyerId, promptId: listing.prompt_id, licenseType: license_TypeToJSON(request.licenseType) }
      const same = await query(client, findEarlier, { ...of, requestId })
      const held = await query(client, getHeldLicense, of)
      if (same.length + held.length > 0) throw new Error('bought before')
      const now = new Date()
      const amount = minorOf(listing.price)
      const fee = feeOf(amount, FEE_BPS)
      const order = {
        id: v7(),
        ...of,
        listingId,
        sellerId: listing.seller_id,
        currency: listing.currency,
        minVersion: listing.min_version,
        maxVersion: listing.includes_updates ? null : listing.prompt_version,
      }
      await query(client, sql.insertTransaction, {
        ...order,
        paymentMethod,
        requestId,
        amount: listing.price,
        fee: amountText(fee),
        feeBps: FEE_BPS,
        createdAt: now,
        nextCheckAt: new Date(now.getTime() + GIVEN_UP_MS),
      })
      return { ...order, amount, fee }
    })

  const complete = (order: Order) =>
    inTransaction(pool, async (client) => {
      const now = new Date()
      const { id: transactionId, sellerId, currency, buyerId, promptId, licenseType, amount, fee } = order
      const [tx] = await query(client, sql.lockTransaction, { id: transactionId })
      if (tx?.status !== 'PENDING') throw new Error('not pending')
      await query(client, sql.lockListing, { id: order.listingId })
      const of = { buyerId, promptId, licenseType }
      await query(client, sql.lockLicense, of)
      const id = v7()
      const { licenseKeyHash: keyHash, licenseKeyEnc: sealed, keyHint, secretId } = newKey(id, vault)
      await query(client, sql.completeTransaction, { id: transactionId, now })
      const [pending, balance] = [amount - fee, { sellerId, currency, available: 0n }]
      const [{ balances } = { balances: 0 }] = await query(client, insertPosting, {
        ...balance,
        id: v7(),
        transactionId,
        kind: 'PURCHASE',
        reference: null,
        createdBy: null,
        createdAt: now,
        fee,
        pending,
        accounts: ['EXTERNAL', 'SELLER_PENDING', 'FEE'],
        amounts: [-amount, pending, fee],
      })
      if (balances === 0) await query(client, insertBalance, { ...balance, pending })
      await query(client, sql.countSale, { id: order.listingId })
      const { minVersion, maxVersion } = order
      const scope = { minVersion, maxVersion }
      const license = { id, transactionId, ...of, sellerId, ...scope, keyHash, keyHint, secretId, sealed, now }
      await query(client, sql.insertLicense, license)
      await query(client, storeEvents, { ...eventsOf(order, id), occurredAt: now, eventHeaders: '{}' })
    })

  return bareRpc(PurchaseServiceService.purchaseListing, async (request, caller) => {
    const { userId } = caller!
    const order = await begin(request, userId)
    const { id, amount, currency } = order
    const { id: reference } = await payments.create(id, amount, currency)
    await query(pool, storeReference, { id, reference })
    await payments.confirm(id, reference, request.paymentMethod)
    await query(pool, getPending, { id })
    const { status } = await payments.retrieve(reference)
    if (status !== 'succeeded') throw new Error(`the payment is ${status}`)
    await complete(order)
    const [[transaction], [license]] = await Promise.all([
      query(pool, getTransaction, { id }),
      query(pool, getLicenseOf, { transactionId: id }),
    ])
    return {
      transaction: toTransaction(transaction!, userId),
      license: toLicense(license!),
      licenseKey: keyOf(license!, vault),
    }
  })
}

/** What is bought: `amount` and `fee` are cents. */
type Order = {
  id: string
  listingId: string
  buyerId: string
  promptId: string
  licenseType: string
  sellerId: string
  currency: string
  minVersion: number
  maxVersion: number | null
  amount: bigint
  fee: bigint
}

async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

/** The subjects and payloads of LicenseGranted, PurchaseCompleted and the entry of the audit log. */
function eventsOf(order: Order, licenseId: string) {
  const { id, listingId, buyerId: userId, promptId, sellerId, currency, minVersion, maxVersion, amount, fee } = order
  const licenseType = License_Type.PERSONAL
  const actor = { userId, username: '' }
  const terms = { promptId, licenseType }
  const entitlement = { ...terms, licenseId, userId, minVersion, maxVersion: maxVersion ?? undefined, active: true }
  const granted = LicenseGranted.fromPartial({
    metadata: { aggregateId: licenseId, aggregateRevision: 1n },
    actor,
    entitlement: { ...entitlement, revision: 1n },
  })
  const completed = PurchaseCompleted.fromPartial({
    metadata: { aggregateId: id, aggregateRevision: 2n },
    actor,
    sale: { ...terms, listingId, sellerId, amountCents: amount, feeCents: fee, currency },
  })
  const audited = Audited.fromPartial({
    metadata: { aggregateId: licenseId },
    action: Action.LICENSE_GRANTED,
    actorId: userId,
    subjectId: userId,
    target: { kind: Kind.LICENSE, id: licenseId },
    changes: [{ field: 'type', after: license_TypeToJSON(licenseType) }],
  })
  return {
    ids: [v7(), v7(), v7()],
    subjects: [
      subjectOf(EVENTS.licenseGranted, licenseId),
      subjectOf(EVENTS.purchaseCompleted, id),
      subjectOf(EVENTS.marketplaceAudited, licenseId),
    ],
    payloads: [
      JSON.stringify(LicenseGranted.toJSON(granted)),
      JSON.stringify(PurchaseCompleted.toJSON(completed)),
      JSON.stringify(Audited.toJSON(audited)),
    ],
  }
}

const subjectOf = ({ subject, perAggregate }: Pick<EventDefinition, 'subject' | 'perAggregate'>, id: string) =>
  perAggregate ? `${subject}.${id}` : subject
