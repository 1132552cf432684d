import { statement } from '#chassis/db/statements.ts'

/** How often one kind of event happened. */
export type PlatformCount = { event_type: string; total: string; last_24_hours: string; last_7_days: string }

/** Every kind of event that there has been, with how often: ever, and since the full hour that was 24 hours or seven days ago. */
export const getPlatformStats = statement(
  'get_platform_stats',
  {},
)<PlatformCount>(
  () => `select t.event_type, t.count as total, coalesce(h.last_24_hours, 0) as last_24_hours, coalesce(h.last_7_days, 0) as last_7_days
  from platform_totals t
  left join (
    select event_type, sum(count) as last_7_days,
      sum(count) filter (where hour >= date_trunc('hour', now() - interval '24 hours', 'UTC')) as last_24_hours
    from platform_hourly
    where hour >= date_trunc('hour', now() - interval '7 days', 'UTC')
    group by event_type
  ) h using (event_type)`,
)
