import { invalid } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import {
  type GetRevenueRequest,
  GetRevenueRequest_Period as Asked,
} from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import { getRevenue as find } from '../db/seller-money.ts'
import { DEFAULT_CURRENCY } from '../money.ts'
import { countPeriods, type Period, periodsLater, startOfPeriod } from '../periods.ts'
import { toRevenue } from './view.ts'

/** Periods of one answer. */
const MAX_PERIODS = 400

/** Periods before `to` when the request does not say from when. */
const DEFAULT_PERIODS = 30

export const getRevenue = async (request: GetRevenueRequest, { caller, sql }: Call) => {
  const currency = request.currency || DEFAULT_CURRENCY
  const bounds = readBounds(request)
  const periods = { starts: bounds.slice(0, -1), ends: bounds.slice(1) }
  const rows = await sql(find, { sellerId: caller.userId, currency, ...periods })
  return { revenue: rows.map((row) => toRevenue(row, currency)) }
}

/** When each period that is asked for begins, and at last when the last one ends. */
function readBounds({ period: asked, from, to = new Date() }: GetRevenueRequest): Date[] {
  const period = periodOf(asked)
  const last = startOfPeriod(period, to)
  const first = from ? startOfPeriod(period, from) : periodsLater(period, last, -DEFAULT_PERIODS)
  const count = countPeriods(period, first, last)
  if (count < 1) throw invalid([{ field: 'from', description: 'must not be later than `to`' }])
  if (count > MAX_PERIODS) {
    const description = `must be at most ${MAX_PERIODS} periods before \`to\`: ask for longer periods, or for fewer at a time`
    throw invalid([{ field: 'from', description }])
  }
  return Array.from({ length: count + 1 }, (_, index) => periodsLater(period, first, index))
}

function periodOf(asked: Asked): Period {
  switch (asked) {
    case Asked.UNSPECIFIED:
    case Asked.DAY:
    case Asked.UNRECOGNIZED:
      return 'DAY'
    case Asked.WEEK:
      return 'WEEK'
    case Asked.MONTH:
      return 'MONTH'
  }
}
