import type { PublicCall } from '#chassis/grpc/call.ts'
import type { GetPlatformStatsRequest } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import * as db from '../db/get-platform-stats.ts'
import { getSalesOfPlatform } from '../db/get-sales.ts'
import { isSignedInAdmin } from '../sales-access.ts'
import { toRevenue } from './sales-view.ts'
import { toPlatformActivity } from './view.ts'

export const getPlatformStats = async (_: GetPlatformStatsRequest, call: PublicCall) => {
  const rows = await call.sql(db.getPlatformStats, {})
  const counts = (column: 'total' | 'last_24_hours' | 'last_7_days') =>
    toPlatformActivity(new Map(rows.map((row) => [row.event_type, BigInt(row[column])])))
  const { deletedPrompts, ...totals } = counts('total')
  return {
    totals: { ...totals, prompts: totals.prompts - deletedPrompts },
    last24Hours: counts('last_24_hours'),
    last7Days: counts('last_7_days'),
    revenue: (await isSignedInAdmin(call)) ? (await call.sql(getSalesOfPlatform, {})).map(toRevenue) : [],
  }
}
