import { type ParamsOf, type SqlNames, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { type Statement, statement } from '#chassis/db/statements.ts'
import type { Granularity } from '../series.ts'

/** What was sold in one currency: counts and cents, as text. */
export type SalesCount = { currency: string; sales: string; refunds: string; amount_cents: string; fee_cents: string }

/** The same of one point of a series; `at` is its beginning, milliseconds since 1970, and null for all time. */
export type SalesPointCount = SalesCount & { at: number | null }

const SUMS =
  'currency, sum(sales) as sales, sum(refunds) as refunds, sum(amount_cents) as amount_cents, sum(fee_cents) as fee_cents'

const params = { id: uuid, unit: text, start: timestamptz, end: timestamptz }

/** What a seller sold: of all time, and from `start` to before `end` by `unit`. */
export const getSalesOfSeller: Statement<ParamsOf<typeof params>, SalesPointCount> = statement(
  'get_sales_of_seller',
  params,
)((p) => query('seller_id', p))

/** What was sold of a prompt, likewise. */
export const getSalesOfPrompt: Statement<ParamsOf<typeof params>, SalesPointCount> = statement(
  'get_sales_of_prompt',
  params,
)((p) => query('prompt_id', p))

/** What was sold on the platform. It is summed when an administrator asks: that is rare, and a row of totals would make all sales wait for each other. */
export const getSalesOfPlatform = statement(
  'get_sales_of_platform',
  {},
)<SalesCount>(() => `select ${SUMS} from sales_hourly group by currency order by currency`)

/** The unit of PostgreSQL's `date_trunc` for the points of a series. */
export const UNIT: Record<Granularity, string> = { DAY: 'day', HOUR: 'hour' }

function query(by: string, { id, unit, start, end }: SqlNames<typeof params>) {
  return `
  select null::double precision as at, ${SUMS} from sales_hourly where ${by} = ${id} group by currency
  union all
  select extract(epoch from date_trunc(${unit}, hour, 'UTC'))::double precision * 1000 as at, ${SUMS}
  from sales_hourly where ${by} = ${id} and hour >= ${start} and hour < ${end}
  group by 1, currency
  order by currency`
}
