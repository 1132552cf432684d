import { notFound } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { GetPromptStatsRequest } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import * as db from '../db/get-prompt-stats.ts'
import { getSalesOfPrompt, UNIT } from '../db/get-sales.ts'
import * as series from '../series.ts'
import { isSignedInAdmin, maySeeSales } from '../sales-access.ts'
import { toSellerStats } from './sales-view.ts'
import { toGranularity, toPromptActivity, toSeries } from './view.ts'

export const getPromptStats = async (request: GetPromptStatsRequest, call: PublicCall) => {
  const { caller, sql } = call
  const { promptId } = request
  const granularity = series.granularityOf(request.granularity, request.start)
  const range = series.rangeOf(granularity, request, new Date())
  const isAdmin = await isSignedInAdmin(call)
  const params = { promptId, readerId: caller?.userId ?? null, isAdmin, ...range }
  const [row] = await sql(db.getPromptStats[granularity], params)
  if (!row) throw notFound('prompt')
  const sales =
    caller && (row.series || isAdmin) && maySeeSales(caller)
      ? await sql(getSalesOfPrompt, { id: promptId, unit: UNIT[granularity], ...range })
      : undefined
  return {
    totals: toPromptActivity(new Map(Object.entries(row.totals ?? {}))),
    series: row.series ? toSeries(granularity, range, row.series) : [],
    granularity: toGranularity(granularity),
    sales: sales && toSellerStats(granularity, range, sales),
  }
}
