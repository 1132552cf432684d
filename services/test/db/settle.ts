/**
 * CTEs that give back what was reserved for tests that have ended, and take what they cost: `ended` names a CTE of their rows, `cost` is SQL
 * of what the last call cost, with `e` for a row. The order, the user's row before the day's, is that of `insert-test.ts`.
 */
export const settleCtes = (ended: string, cost: string) => `
  left_seat as (
    update budgets b set unfinished = b.unfinished - 1 from ${ended} e where b.user_id = e.user_id returning b.user_id
  ),
  settled as (
    update spend s set reserved = s.reserved - e.reserved_micros, spent = s.spent + ${cost}
    from ${ended} e join left_seat l on l.user_id = e.user_id
    where s.user_id = e.user_id and s.day = e.spend_day
    returning 1
  )`
