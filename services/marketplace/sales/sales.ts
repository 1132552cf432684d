import type { Cause } from '#chassis/cause.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'
import { failpoint } from '#chassis/failpoints.ts'
import type { Vault } from '#chassis/vault.ts'
import type { DisputeState } from '../ledger.ts'
import type { PaymentEvent } from '../payments/payment.ts'
import type { Payments } from '../payments/payments.ts'
import { checkLedger } from './check-ledger.ts'
import { storeDispute } from './dispute.ts'
import type { LicenseEntity } from './events.ts'
import { causeOfEnd, finalise } from './finalise.ts'
import type { SalesMetrics } from './metrics.ts'
import { type Order, pay } from './pay.ts'
import { reconciler } from './reconcile.ts'
import { releaser } from './release.ts'
import { settleRefund } from './settle-refund.ts'
import { type Entitlements, tellPromptService } from './tell-prompt-service.ts'

/** What purchases need. */
export type SalesParts = {
  database: Database
  payments: Payments
  vault: Vault
  access: Entitlements
  metrics: SalesMetrics
  log: Logger
}

/** The money side of purchases: what goes on when nobody waits for it any more. */
export type Sales = {
  /** Pays a transaction that was just begun, and ends it if the provider decides at once. It goes on when the caller leaves. Never throws. */
  pay(order: Order, cause: Cause): Promise<void>
  /** Has the provider carry out a refund that was just claimed, and tells the prompt service that its licence is revoked. It goes on when the caller leaves. Never throws. */
  refund(license: LicenseEntity, cause: Cause): Promise<void>
  /** Does what an event of the provider is a hint for. */
  handle(event: PaymentEvent, id: string, cause: Cause): Promise<void>
  jobs: Job[]
  metrics: SalesMetrics
  /** Waits for the payments and refunds that are under way. */
  close(): Promise<void>
}

/** Makes it. */
export function createSales({ database, payments, vault, access, metrics, log }: SalesParts): Sales {
  const parts = { database, payments, vault, metrics, log }
  const unlock = tellPromptService(access, log)
  const underWay = new Set<Promise<void>>()
  const settlePayment = async (id: string, cause: Cause, refused?: string) => {
    const license = await finalise(parts, id, cause, refused)
    failpoint('purchase finalised')
    if (license) await unlock(license, causeOfEnd(license.transaction, cause))
    failpoint('purchase unlocked')
  }
  const payAndSettle = async (order: Order, cause: Cause) => {
    try {
      await settlePayment(order.id, cause, await pay(parts, order))
    } catch (err) {
      log.warn({ transaction: order.id, err }, 'a purchase could not be ended yet: it is tried again')
    }
  }
  const refund = (id: string, cause: Cause) => settleRefund(parts, id, cause)
  const unlockAndRefund = async (license: LicenseEntity, cause: Cause) => {
    failpoint('refund claimed')
    const { id } = license.transaction
    const refunding = refund(id, cause).catch((err: unknown) => {
      log.warn({ transaction: id, err }, 'a refund could not be ended yet: it is tried again')
    })
    await Promise.all([unlock(license, cause), refunding])
  }
  const disputed = async (said: DisputeState, id: string, cause: Cause) => {
    // What is disputed was paid, also when that is not known here yet.
    await settlePayment(id, cause)
    const license = await storeDispute(parts, id, said, cause)
    if (license) await unlock(license, cause)
  }
  const untilDone = (begun: Promise<void>) => {
    const work = begun.finally(() => underWay.delete(work))
    underWay.add(work)
    return work
  }
  return {
    pay: (order, cause) => untilDone(payAndSettle(order, cause)),
    refund: (license, cause) => untilDone(unlockAndRefund(license, cause)),
    handle: async ({ kind }, id, cause) => {
      switch (kind) {
        case 'PAYMENT':
          return settlePayment(id, cause)
        case 'REFUND':
          return refund(id, cause)
        case 'DISPUTE_OPENED':
          return disputed('OPEN', id, cause)
        case 'DISPUTE_WON':
          return disputed('WON', id, cause)
        case 'DISPUTE_LOST':
          return disputed('LOST', id, cause)
        case 'OTHER':
          return undefined
      }
    },
    jobs: [
      reconciler(database.sql, { payment: settlePayment, refund }, log),
      releaser(database),
      checkLedger(database, metrics, log),
    ],
    metrics,
    close: async () => {
      await Promise.all(underWay)
    },
  }
}
