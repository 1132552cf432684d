/**
 * CTEs that give back what was reserved for tests that have ended, and take what they cost: `ended` names a CTE of their rows, `cost` is SQL
 * of what the last call cost, with `e` for a row. The order, the user's row before the day's, is that of `insert-test.ts`.
 */
export const settleCtes = (ended: string, cost: string) => `
  left_seat as (
    update budgets b set unfinished = b.unfinished - s.seats
    from (select user_id, count(*) filter (where suite_run_id is null) as seats from ${ended} group by user_id) s
    where b.user_id = s.user_id returning b.user_id
  ),
  settled as (
    update spend s set reserved = s.reserved - d.reserved, spent = s.spent + d.spent
    from (
      select user_id, spend_day, sum(reserved_micros)::bigint as reserved, sum(${cost})::bigint as spent from ${ended} e group by 1, 2
    ) d
    join left_seat l on l.user_id = d.user_id
    where s.user_id = d.user_id and s.day = d.spend_day
    returning 1
  )`
