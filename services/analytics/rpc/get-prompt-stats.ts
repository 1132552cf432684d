import { notFound } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { GetPromptStatsRequest } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import * as db from '../db/get-prompt-stats.ts'
import * as series from '../series.ts'
import { toGranularity, toPromptActivity, toSeries } from './view.ts'

export const getPromptStats = async (request: GetPromptStatsRequest, { sql, caller }: PublicCall) => {
  const granularity = series.granularityOf(request.granularity, request.start)
  const range = series.rangeOf(granularity, request, new Date())
  const params = { promptId: request.promptId, readerId: caller?.userId ?? null, ...range }
  const [row] = await sql(db.getPromptStats[granularity], params)
  if (!row) throw notFound('prompt')
  return {
    totals: toPromptActivity(new Map(Object.entries(row.totals ?? {}))),
    series: row.series ? toSeries(granularity, range, row.series) : [],
    granularity: toGranularity(granularity),
  }
}
