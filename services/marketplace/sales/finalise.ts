import type { Cause } from '#chassis/cause.ts'
import type { Database } from '#chassis/db/orm.ts'
import { uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { EventHeaders } from '#chassis/events/envelope.ts'
import { causeOf } from '#chassis/events/outbox.ts'
import type { Logger } from '#chassis/logger.ts'
import type { Vault } from '#chassis/vault.ts'
import { minorOf } from '../money.ts'
import type { Payment } from '../payments/payment.ts'
import type { Payments } from '../payments/payments.ts'
import { completePurchase, failPurchase } from './end-purchase.ts'
import type { LicenseEntity } from './events.ts'
import type { SalesMetrics } from './metrics.ts'

/** What finalising needs. */
export type Parts = {
  database: Database
  payments: Payments
  vault: Vault
  metrics: Pick<SalesMetrics, 'purchases' | 'wrongPayments'>
  log: Logger
}

/** Milliseconds after which a payment that was not confirmed will not be confirmed any more: whoever began it has stopped waiting. */
export const GIVEN_UP_MS = 30_000

type PendingRow = { amount: string; currency: string; provider_ref: string | null; age_ms: number; cause: EventHeaders }

/** A transaction that has not ended. */
export const getPending = statement('get_pending', { id: uuid })<PendingRow>(
  (p) => `select amount, currency, provider_ref, cause, extract(epoch from now() - created_at)::float8 * 1000 as age_ms
    from transactions where id = ${p.id} and status = 'PENDING'`,
)

/**
 * Ends a PENDING transaction as the payment provider says, if it has decided: the only writer of COMPLETED and FAILED. The provider is asked while no
 * lock is held, so any number of callers may do this at once. FAILED is written only when the provider can no longer charge, or has given back a payment
 * of another amount. `refused`, why the payment cannot succeed, is known to who made it; everybody else finds out after 30 seconds. Answers with the licence
 * that it has granted.
 */
export async function finalise(
  { database, payments, vault, metrics, log }: Parts,
  id: string,
  endedBy: Cause,
  refused?: string,
): Promise<LicenseEntity | undefined> {
  const [tx] = await database.sql(getPending, { id })
  if (!tx) return undefined
  const cause = causeOfEnd(tx, endedBy)
  const { provider_ref: reference } = tx
  const fail = async (outcome: string) => {
    const failed = await failPurchase(database, id, { reference, failureReason: outcome }, cause)
    if (failed) metrics.purchases.inc({ outcome })
  }
  const isOver = refused !== undefined || tx.age_ms >= GIVEN_UP_MS
  if (reference === null) {
    // Nobody confirms a payment before its reference is stored, and of storing it and failing the transaction the second is refused.
    if (isOver) await fail(refused ?? 'not_confirmed')
    return undefined
  }
  let payment = await payments.retrieve(reference)
  const isDead = payment.status === 'DECLINED' || payment.status === 'REQUIRES_ACTION'
  const failure = payment.declineCode ?? (isDead ? 'authentication_required' : (refused ?? 'not_confirmed'))
  if (isDead || (isOver && payment.status === 'REQUIRES_CONFIRMATION')) {
    await payments.cancel(id, reference)
    payment = await payments.retrieve(reference)
  }
  switch (payment.status) {
    case 'SUCCEEDED':
      if (isAsAgreed(payment, tx)) {
        const license = await completePurchase(database, vault, id, cause)
        if (license) metrics.purchases.inc({ outcome: 'completed' })
        return license
      }
      metrics.wrongPayments.inc()
      log.error({ transaction: id, reference }, 'the payment is of another amount than the purchase: it is given back')
      if (await givesBack(payments, id, payment)) await fail('wrong_amount')
      return undefined
    case 'CANCELED':
      // Whoever has cancelled it knows why and is about to write that. If it does not, this is found after 30 seconds.
      if (!isOver && !isDead && payment.declineCode === undefined) return undefined
      await fail(failure)
      return undefined
    case 'DECLINED':
    case 'REQUIRES_ACTION':
    case 'REQUIRES_CONFIRMATION':
    case 'PROCESSING':
      return undefined
  }
}

/** An end of a purchase is caused by the request that began it; who does it is whoever brings it about: that request, a notice or a job. */
export const causeOfEnd = (tx: { cause: EventHeaders }, endedBy: Cause): Cause => ({ ...endedBy, ...causeOf(tx.cause) })

/** Has the provider give back all of a payment that no purchase belongs to. False: it is not known to have done so yet, and is asked again. */
async function givesBack(payments: Payments, id: string, { reference, amount }: Payment): Promise<boolean> {
  const refund = (await payments.refundOf(reference)) ?? (await payments.refund(id, reference))
  return refund.status === 'SUCCEEDED' && refund.amount === amount
}

const isAsAgreed = (payment: Payment, { amount, currency }: PendingRow) =>
  payment.amount === minorOf(amount) && payment.currency === currency
