import type { Cause } from '#chassis/cause.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'
import { failpoint } from '#chassis/failpoints.ts'
import type { Vault } from '#chassis/vault.ts'
import type { PaymentEvent } from '../payments/payment.ts'
import type { Payments } from '../payments/payments.ts'
import { finalise } from './finalise.ts'
import { type Order, pay } from './pay.ts'
import { reconciler } from './reconcile.ts'
import { type Entitlements, tellPromptService } from './tell-prompt-service.ts'

/** What purchases need. */
export type SalesParts = {
  database: Database
  payments: Payments
  vault: Vault
  access: Entitlements
  log: Logger
}

/** The money side of purchases: what goes on when nobody waits for it any more. */
export type Sales = {
  /** Pays a transaction that was just begun, and ends it if the provider decides at once. It goes on when the caller leaves. Never throws. */
  pay(order: Order, cause: Cause): Promise<void>
  /** Does what an event of the provider is a hint for. */
  handle(event: PaymentEvent, id: string, cause: Cause): Promise<void>
  jobs: Job[]
  /** Waits for the payments that are under way. */
  close(): Promise<void>
}

/** Makes it. */
export function createSales({ database, payments, vault, access, log }: SalesParts): Sales {
  const parts = { database, payments, vault, log }
  const unlock = tellPromptService(access, log)
  const underWay = new Set<Promise<void>>()
  const settlePayment = async (id: string, cause: Cause, refused?: string) => {
    const license = await finalise(parts, id, cause, refused)
    failpoint('purchase finalised')
    if (license) await unlock(license)
    failpoint('purchase unlocked')
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
    jobs: [reconciler(database.sql, { payment: settlePayment, refund: async () => undefined }, log)],
    close: async () => {
      await Promise.all(underWay)
    },
  }
}
