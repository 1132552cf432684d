import { type ParamsOf, type SqlNames, timestamptz, uuid } from '#chassis/db/params.ts'
import { type Statement, statement } from '#chassis/db/statements.ts'
import type { Granularity } from '../series.ts'
import type { PointCount } from './point-count.ts'

/** An author's numbers; `totals` is null when nothing has been counted yet. */
export type UserStatsRow = { prompts: string; totals: Record<string, number> | null; series: PointCount[] }

const params = { userId: uuid, start: timestamptz, end: timestamptz }

/**
 * The numbers of all prompts of a user: the totals, and what happened from `start` to before `end`, which are beginnings of days or
 * hours. They are summed when somebody asks, prompt by prompt: that is rare, and a rollup of authors would cost every event.
 */
export const getUserStats: Record<Granularity, Statement<ParamsOf<typeof params>, UserStatsRow>> = {
  DAY: statement(
    'get_user_stats_day',
    params,
  )((p) =>
    query(
      p,
      `select extract(epoch from d.day) * 1000 as at, d.event_type, sum(d.count) as count
      from prompt_facts f join prompt_daily d using (prompt_id)
      where f.owner_id = ${p.userId} and d.day >= (${p.start} at time zone 'UTC')::date
        and d.day < (${p.end} at time zone 'UTC')::date
      group by 1, 2`,
    ),
  ),
  HOUR: statement(
    'get_user_stats_hour',
    params,
  )((p) =>
    query(
      p,
      `select extract(epoch from date_trunc('hour', e.event_time, 'UTC')) * 1000 as at, e.event_type, count(*) as count
      from prompt_facts f join prompt_activity_events e using (prompt_id)
      where f.owner_id = ${p.userId} and e.event_time >= ${p.start} and e.event_time < ${p.end}
      group by 1, 2`,
    ),
  ),
}

function query({ userId }: SqlNames<typeof params>, series: string) {
  return `
  select
    (select count(*) from prompt_facts where owner_id = ${userId} and not deleted) as prompts,
    (
      select json_object_agg(event_type, total)
      from (
        select d.event_type, sum(d.count) as total
        from prompt_facts f join prompt_daily d using (prompt_id)
        where f.owner_id = ${userId}
        group by 1
      ) t
    ) as totals,
    (select coalesce(json_agg(p), '[]') from (${series}) p) as series`
}
