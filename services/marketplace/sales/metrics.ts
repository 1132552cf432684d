import { Counter, Gauge, type Registry } from 'prom-client'
import type { Database } from '#chassis/db/orm.ts'
import { countUnsettled, type UnsettledRow } from '../db/count-unsettled.ts'

/** Milliseconds for which a count of the ledger is told. It is counted again every hour, perhaps by another replica. */
const COUNT_VALID_MS = 2 * 3_600_000

/** What operators watch. */
export type SalesMetrics = {
  /** Purchases that have ended: `completed`, or why one failed. */
  purchases: Counter<'outcome'>
  /** How often a payment was found to be of another amount than its purchase. */
  wrongPayments: Counter
  /** Payment notices that were refused, by why. */
  refusedNotices: Counter<'reason'>
  /** Notes how many balances were wrong when this replica has counted the ledger. */
  ledgerCounted(wrong: number): void
}

/** Makes the metrics of sales. What waits is counted when somebody asks. */
export function createSalesMetrics(registry: Registry, { sql }: Pick<Database, 'sql'>): SalesMetrics {
  const registers = [registry]
  unsettledGauges(registry, sql)
  return {
    purchases: new Counter({
      name: 'purchases_total',
      help: 'Purchases that have ended, by outcome: completed, or why they failed.',
      labelNames: ['outcome'],
      registers,
    }),
    wrongPayments: new Counter({
      name: 'payments_of_another_amount_total',
      help: 'How often the payment provider said that a payment is of another amount or currency than its purchase: alarm on any. The log names it.',
      registers,
    }),
    refusedNotices: new Counter({
      name: 'payment_notices_refused_total',
      help: "Payment notices that were refused, by reason: EVENT_NOT_SIGNED are strangers, or the secret is not the provider's.",
      labelNames: ['reason'],
      registers,
    }),
    ledgerCounted: ledgerGauge(registry),
  }
}

// Each is asked on its own, at once with the others: one query answers all of them.
function unsettledGauges(registry: Registry, sql: Database['sql']): void {
  let counting: Promise<UnsettledRow | undefined> | undefined
  const count = () =>
    (counting ??= sql(countUnsettled, {})
      .then(([row]) => row)
      // A database that does not answer must not take the other metrics with it.
      .catch(() => undefined)
      .finally(() => {
        counting = undefined
      }))
  const gauge = (name: string, help: string, valueOf: (row: UnsettledRow) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const row = await count()
        this.remove()
        if (row) this.set(valueOf(row))
      },
    })
  gauge('purchases_pending', 'Purchases that have not ended.', (row) => row.purchases)
  gauge(
    'purchases_oldest_pending_seconds',
    'Age of the oldest purchase that has not ended, 0 without one: alarm when it is above 3,600.',
    (row) => row.oldest_seconds,
  )
  gauge('refunds_requested', 'Refunds that have not ended.', (row) => row.refunds)
}

function ledgerGauge(registry: Registry): SalesMetrics['ledgerCounted'] {
  let last: { wrong: number; at: number } | undefined
  new Gauge({
    name: 'ledger_wrong_balances',
    help: 'Balances of sellers that are not what the ledger sums to, counted every hour by one replica: alarm on any, and when no replica tells it.',
    registers: [registry],
    collect() {
      // Not 0 before it was counted, nor for ever when another replica counts.
      this.remove()
      if (last && performance.now() - last.at < COUNT_VALID_MS) this.set(last.wrong)
    },
  })
  return (wrong) => {
    last = { wrong, at: performance.now() }
  }
}
