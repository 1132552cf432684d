import { type Statement, statement } from '#chassis/db/statements.ts'
import type { Granularity } from '../series.ts'

/** Events of one kind within one point of a series; `at` is its beginning, milliseconds since 1970. */
export type PointCount = { at: number; event_type: string; count: number }

/** A prompt's numbers; `series` is null for who is not its owner, `totals` when nothing has been counted yet. */
export type PromptStatsRow = { totals: Record<string, number> | null; series: PointCount[] | null }

type Params = [promptId: string, readerId: string | null, start: Date, end: Date]

/**
 * The numbers of a prompt that one reader may see: the totals, and for its owner what happened from `start` to before `end`, which
 * are beginnings of days or hours.
 */
export const getPromptStats: Record<Granularity, Statement<Params, PromptStatsRow>> = {
  DAY: statement(
    'get_prompt_stats_day',
    query(`
      select extract(epoch from day) * 1000 as at, event_type, count
      from prompt_daily
      where prompt_id = $1 and day >= ($3::timestamptz at time zone 'UTC')::date
        and day < ($4::timestamptz at time zone 'UTC')::date`),
  ),
  HOUR: statement(
    'get_prompt_stats_hour',
    query(`
      select extract(epoch from date_trunc('hour', event_time, 'UTC')) * 1000 as at, event_type, count(*) as count
      from prompt_activity_events
      where prompt_id = $1 and event_time >= $3::timestamptz and event_time < $4::timestamptz
      group by 1, 2`),
  ),
}

function query(series: string) {
  return `
  select
    (
      select json_object_agg(event_type, total)
      from (select event_type, sum(count) as total from prompt_daily where prompt_id = $1 group by event_type) t
    ) as totals,
    case when f.owner_id = $2 then (select coalesce(json_agg(p), '[]') from (${series}) p) end as series
  from prompt_facts f
  where f.prompt_id = $1 and not f.deleted and (f.visible or f.owner_id = $2)`
}
