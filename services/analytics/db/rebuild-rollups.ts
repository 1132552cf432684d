import type { Database } from '#chassis/db/orm.ts'
import { text } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { Month } from '../months.ts'
import { rollupCtes } from './rollups.ts'
import { SALES_CTE } from './sales.ts'
import { VOTES_CTE } from './votes.ts'

/** From the oldest month that has not been detached to the latest one: of an older one there are no events to count. */
const listMonths = statement(
  'list_months',
  {},
)<{ month: Month }>(
  () => `select m::date::text as month
  from (
    select min(to_date(right(c.relname, 7), 'YYYY_MM')) as oldest, max(to_date(right(c.relname, 7), 'YYYY_MM')) as latest
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'prompt_activity_events'::regclass and c.relname not like '%_default'
  ) months
  cross join generate_series(oldest, latest, interval '1 month') m
  order by 1`,
)

const month = { month: text }
const starts = (p: { month: string }) => `(${p.month}::date::timestamp at time zone 'UTC')`
const ends = (p: { month: string }) => `((${p.month}::date + interval '1 month') at time zone 'UTC')`
const isWithin = (column: string, p: { month: string }) => `${column} >= ${starts(p)} and ${column} < ${ends(p)}`
const isDayWithin = (p: { month: string }) => `day >= ${p.month}::date and day < ${p.month}::date + interval '1 month'`

const begin = statement('begin', {})(() => 'begin')
const commit = statement('commit', {})(() => 'commit')

/** Events that come meanwhile wait to be stored until the month is done. Readers see what was there before. */
const lock = statement(
  'lock_rollups',
  {},
)(
  () =>
    'lock table prompt_daily, user_daily, platform_hourly, platform_totals, sales_hourly, prompt_votes in exclusive mode',
)

/** All that was counted of a month. The totals come last, from all hours. */
const forget = [
  statement('forget_prompt_daily', month)((p) => `delete from prompt_daily where ${isDayWithin(p)}`),
  statement('forget_user_daily', month)((p) => `delete from user_daily where ${isDayWithin(p)}`),
  statement('forget_platform_hourly', month)((p) => `delete from platform_hourly where ${isWithin('hour', p)}`),
  statement('forget_sales_hourly', month)((p) => `delete from sales_hourly where ${isWithin('hour', p)}`),
  statement('forget_prompt_votes', month)((p) => `delete from prompt_votes where ${isDayWithin(p)}`),
]

/** Counts them again, by what counts them when they come. */
const count = [
  statement(
    'count_prompt_events',
    month,
  )(
    (p) => `with inserted as (
      select prompt_id, event_type, event_time, user_id, viewer_hash
      from prompt_activity_events where ${isWithin('event_time', p)}
    ),
    ${rollupCtes('prompt_daily', 'prompt_id')},
    ${VOTES_CTE}
    select`,
  ),
  statement(
    'count_user_events',
    month,
  )(
    (p) => `with inserted as (
      select user_id, event_type, event_time, properties from user_activity_events where ${isWithin('event_time', p)}
    ),
    ${rollupCtes('user_daily', 'user_id')},
    ${SALES_CTE}
    select`,
  ),
]

const totals = [
  statement('forget_platform_totals', {})(() => 'delete from platform_totals'),
  statement(
    'count_platform_totals',
    {},
  )(() => 'insert into platform_totals select event_type, sum(count) from platform_hourly group by 1'),
]

/**
 * Makes the rollups and votes again from the events, month by month, each in a transaction of its own: it may be ended at any time and
 * repeated. What was counted of months that have been detached stays. Answers with the months.
 */
export const rebuildRollups = ({ maintain }: Pick<Database, 'maintain'>): Promise<Month[]> =>
  maintain(async (sql) => {
    const months = (await sql(listMonths, {})).map((row) => row.month)
    for (const one of months) {
      await sql(begin, {})
      await sql(lock, {})
      for (const query of [...forget, ...count]) await sql(query, { month: one })
      for (const query of totals) await sql(query, {})
      await sql(commit, {})
    }
    return months
  })
