import { boolean, nullable, type ParamsOf, type SqlNames, timestamptz, uuid } from '#chassis/db/params.ts'
import { type Statement, statement } from '#chassis/db/statements.ts'
import type { Granularity } from '../series.ts'
import type { PointCount } from './point-count.ts'

/** A prompt's numbers; `series` is null for who is not its owner, `totals` when nothing has been counted yet. */
export type PromptStatsRow = { totals: Record<string, number> | null; series: PointCount[] | null }

const params = { promptId: uuid, readerId: nullable(uuid), isAdmin: boolean, start: timestamptz, end: timestamptz }

/**
 * The numbers of a prompt that one reader may see, an administrator also of a hidden one: the totals, and for its owner what happened from `start` to before `end`, which
 * are beginnings of days or hours.
 */
export const getPromptStats: Record<Granularity, Statement<ParamsOf<typeof params>, PromptStatsRow>> = {
  DAY: statement(
    'get_prompt_stats_day',
    params,
  )((p) =>
    query(
      p,
      `select extract(epoch from day) * 1000 as at, event_type, count
      from prompt_daily
      where prompt_id = ${p.promptId} and day >= (${p.start} at time zone 'UTC')::date
        and day < (${p.end} at time zone 'UTC')::date`,
    ),
  ),
  HOUR: statement(
    'get_prompt_stats_hour',
    params,
  )((p) =>
    query(
      p,
      `select extract(epoch from date_trunc('hour', event_time, 'UTC')) * 1000 as at, event_type, count(*) as count
      from prompt_activity_events
      where prompt_id = ${p.promptId} and event_time >= ${p.start} and event_time < ${p.end}
      group by 1, 2`,
    ),
  ),
}

function query({ promptId, readerId, isAdmin }: SqlNames<typeof params>, series: string) {
  return `
  select
    (
      select json_object_agg(event_type, total)
      from (select event_type, sum(count) as total from prompt_daily where prompt_id = ${promptId} group by event_type) t
    ) as totals,
    case when f.owner_id = ${readerId} then (select coalesce(json_agg(p), '[]') from (${series}) p) end as series
  from prompt_facts f
  where f.prompt_id = ${promptId} and not f.deleted and (f.visible or f.owner_id = ${readerId} or ${isAdmin})`
}
