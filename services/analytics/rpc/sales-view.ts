import type { Revenue, Sales, SellerStats } from '#contracts/gen/promptforge/analytics/v1/analytics.ts'
import type { SalesCount, SalesPointCount } from '../db/get-sales.ts'
import { type Granularity, pointsOf, type Range } from '../series.ts'

/** What was sold: of all time, and a point for each day or hour of a range. */
export function toSellerStats(granularity: Granularity, range: Range, counts: SalesPointCount[]): SellerStats {
  const byPoint = Map.groupBy(counts, ({ at }) => at)
  const salesAt = (at: number | null) => toSales(byPoint.get(at) ?? [])
  return {
    totals: salesAt(null),
    series: pointsOf(granularity, range).map((time) => ({ time, sales: salesAt(time.getTime()) })),
  }
}

/** What was sold in each currency. */
export const toRevenue = (row: SalesCount): Revenue => ({
  currency: row.currency,
  amountCents: BigInt(row.amount_cents),
  feeCents: BigInt(row.fee_cents),
})

function toSales(rows: SalesCount[]): Sales {
  const sum = (column: 'sales' | 'refunds') => rows.reduce((total, row) => total + BigInt(row[column]), 0n)
  return { count: sum('sales'), refunds: sum('refunds'), revenue: rows.map(toRevenue) }
}
