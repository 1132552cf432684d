import { Counter, Gauge, type Registry } from 'prom-client'
import { type CountedGauge, countedGauges } from '#chassis/counted-gauges.ts'
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
  countedGauges(registry, async () => (await sql(countUnsettled, {}))[0], UNSETTLED)
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

const UNSETTLED: CountedGauge<UnsettledRow>[] = [
  { name: 'purchases_pending', help: 'Purchases that have not ended.', valueOf: (row) => row.purchases },
  {
    name: 'purchases_oldest_pending_seconds',
    help: 'Age of the oldest purchase that has not ended, 0 without one: alarm when it is above 3,600.',
    valueOf: (row) => row.oldest_seconds,
  },
  { name: 'refunds_requested', help: 'Refunds that have not ended.', valueOf: (row) => row.refunds },
]

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
