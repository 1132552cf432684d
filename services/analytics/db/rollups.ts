/**
 * CTEs that count the rows of a CTE `inserted` (`event_type`, `event_time` and the column `by`) in `daily` and for the platform.
 * Keys are written in order and the tables in the same one everywhere, so that replicas wait for each other and never in a circle.
 */
export const rollupCtes = (daily: string, by: string) => `
  counted_daily as (
    insert into ${daily} as r (${by}, day, event_type, count)
    select ${by}, (event_time at time zone 'UTC')::date as day, event_type, count(*)
    from inserted
    group by 1, 2, 3 order by 1, 2, 3
    on conflict (${by}, day, event_type) do update set count = r.count + excluded.count
  ),
  counted_hourly as (
    insert into platform_hourly as r (hour, event_type, count)
    select date_trunc('hour', event_time, 'UTC') as hour, event_type, count(*)
    from inserted
    group by 1, 2 order by 1, 2
    on conflict (hour, event_type) do update set count = r.count + excluded.count
  ),
  counted_totals as (
    insert into platform_totals as r (event_type, count)
    select event_type, count(*)
    from inserted
    group by 1 order by 1
    on conflict (event_type) do update set count = r.count + excluded.count
  )`
