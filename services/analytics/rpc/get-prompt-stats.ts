import { notFound } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import {
  type GetPromptStatsRequest,
  GetPromptStatsRequest_Granularity as Granularity,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import * as db from '../db/get-prompt-stats.ts'
import * as series from '../series.ts'
import { toPromptActivity } from './view.ts'

export const getPromptStats = async (request: GetPromptStatsRequest, { sql, caller }: PublicCall) => {
  const granularity = granularityOf(request.granularity)
  const range = series.rangeOf(granularity, request, new Date())
  const params = { promptId: request.promptId, readerId: caller?.userId ?? null, start: range.start, end: range.end }
  const [row] = await sql(db.getPromptStats[granularity], params)
  if (!row) throw notFound('prompt')
  return {
    totals: toPromptActivity(new Map(Object.entries(row.totals ?? {}))),
    series: row.series ? toSeries(series.pointsOf(granularity, range), row.series) : [],
  }
}

function toSeries(points: Date[], counts: db.PointCount[]) {
  const activity = new Map(points.map((time) => [time.getTime(), new Map<string, number>()]))
  for (const { at, event_type: type, count } of counts) activity.get(at)!.set(type, count)
  return points.map((time) => ({ time, activity: toPromptActivity(activity.get(time.getTime())!) }))
}

function granularityOf(granularity: Granularity): series.Granularity {
  switch (granularity) {
    case Granularity.HOUR:
      return 'HOUR'
    case Granularity.DAY:
    case Granularity.UNSPECIFIED:
    case Granularity.UNRECOGNIZED:
      return 'DAY'
  }
}
