import { notFound } from '#chassis/errors.ts'
import { isSelfOrAdmin } from '#chassis/grpc/access.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { GetUserStatsRequest } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { getSalesOfSeller, UNIT } from '../db/get-sales.ts'
import * as db from '../db/get-user-stats.ts'
import * as series from '../series.ts'
import { maySeeSales } from '../sales-access.ts'
import { toSellerStats } from './sales-view.ts'
import { toGranularity, toPromptActivity, toSeries } from './view.ts'

export const getUserStats = async (request: GetUserStatsRequest, call: Call) => {
  const { userId } = request
  if (!(await isSelfOrAdmin(userId, call))) throw notFound('user')
  const granularity = series.granularityOf(request.granularity, request.start)
  const range = series.rangeOf(granularity, request, new Date())
  const [rows, sales] = await Promise.all([
    call.sql(db.getUserStats[granularity], { userId, ...range }),
    maySeeSales(call.caller) && call.sql(getSalesOfSeller, { id: userId, unit: UNIT[granularity], ...range }),
  ])
  const { prompts, totals, series: counts } = rows[0]!
  return {
    asAuthor: {
      prompts: BigInt(prompts),
      totals: toPromptActivity(new Map(Object.entries(totals ?? {}))),
      series: toSeries(granularity, range, counts),
    },
    granularity: toGranularity(granularity),
    asSeller: sales ? toSellerStats(granularity, range, sales) : undefined,
  }
}
