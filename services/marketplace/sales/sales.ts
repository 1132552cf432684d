import type { Cause } from '#chassis/cause.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { Stub } from '#chassis/grpc/client.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'
import { failpoint } from '#chassis/failpoints.ts'
import type { Vault } from '#chassis/vault.ts'
import type { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import type { PaymentEvent } from '../payments/payment.ts'
import type { Payments } from '../payments/payments.ts'
import { checkLedger } from './check-ledger.ts'
import { entitlementOf, type LicenseEntity } from './events.ts'
import { finalise } from './finalise.ts'
import type { SalesMetrics } from './metrics.ts'
import { type Order, pay } from './pay.ts'
import { reconciler } from './reconcile.ts'

/** What purchases need. */
export type SalesParts = {
  database: Database
  payments: Payments
  vault: Vault
  access: Pick<Stub<typeof PromptInternalServiceService>, 'applyEntitlement'>
  metrics: SalesMetrics
  log: Logger
}

/** The money side of purchases: what goes on when nobody waits for it any more. */
export type Sales = {
  /** Pays a transaction that was just begun, and ends it if the provider decides at once. It goes on when the caller leaves. Never throws. */
  pay(order: Order, cause: Cause): Promise<void>
  /** Does what an event of the provider is a hint for. */
  handle(event: PaymentEvent, id: string, cause: Cause): Promise<void>
  jobs: Job[]
  metrics: SalesMetrics
  /** Waits for the payments that are under way. */
  close(): Promise<void>
}

/** Milliseconds that telling the prompt service of a licence may take: its events tell it anyway. */
const APPLY_MS = 500

/** Makes it. */
export function createSales({ database, payments, vault, access, metrics, log }: SalesParts): Sales {
  const parts = { database, payments, vault, metrics, log }
  const underWay = new Set<Promise<void>>()
  const settlePayment = async (id: string, cause: Cause, refused?: string) => {
    const license = await finalise(parts, id, cause, refused)
    failpoint('purchase finalised')
    if (license) await unlock(license)
    failpoint('purchase unlocked')
  }
  const unlock = async (license: LicenseEntity) => {
    const entitlement = entitlementOf(license)
    await access.applyEntitlement({ entitlement }, { timeoutMs: APPLY_MS }).catch((err: unknown) => {
      log.warn({ license: license.id, err }, 'the prompt service was not told of a licence: its event will tell it')
    })
  }
  const payAndSettle = async (order: Order, cause: Cause) => {
    try {
      await settlePayment(order.id, cause, await pay(parts, order))
    } catch (err) {
      log.warn({ transaction: order.id, err }, 'a purchase could not be ended yet: it is tried again')
    }
  }
  return {
    pay: (order, cause) => {
      const work = payAndSettle(order, cause).finally(() => underWay.delete(work))
      underWay.add(work)
      return work
    },
    handle: async ({ kind }, id, cause) => {
      if (kind === 'PAYMENT') await settlePayment(id, cause)
    },
    jobs: [
      reconciler(database.sql, { payment: settlePayment, refund: async () => undefined }, log),
      checkLedger(database, metrics, log),
    ],
    metrics,
    close: async () => {
      await Promise.all(underWay)
    },
  }
}
