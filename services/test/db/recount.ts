/** A number that is not what the rows of tests say. Amounts are text. */
export type Mismatch = { place: string; key: string; stored: string | null; counted: string | null }

/** Runs a statement past the service, on any connection to the database. */
export type Query = (text: string) => Promise<Mismatch[]>

/** Counts again, from the rows of tests, what users have reserved and spent each day, and how many of their tests have not ended; all in one snapshot. */
export const recount = (query: Query): Promise<Mismatch[]> => query(RECOUNT)

const RECOUNT = `
  with counted as (
    select user_id, spend_day as day, coalesce(sum(reserved_micros) filter (where completed_at is null), 0) as reserved,
      sum(cost_micros) as spent
    from prompt_tests group by 1, 2
  ),
  unfinished as (
    select user_id, count(*) as unfinished from prompt_tests where completed_at is null and suite_run_id is null group by 1
  )
  select 'spend' as place, concat_ws(' ', user_id, day) as key, concat_ws(' ', s.reserved, s.spent) as stored,
    concat_ws(' ', c.reserved, c.spent) as counted
  from spend s full join counted c using (user_id, day)
  where coalesce(s.reserved, 0) <> coalesce(c.reserved, 0) or coalesce(s.spent, 0) <> coalesce(c.spent, 0)
  union all
  select 'budgets', user_id::text, b.unfinished::text, u.unfinished::text
  from budgets b full join unfinished u using (user_id)
  where coalesce(b.unfinished, 0) <> coalesce(u.unfinished, 0)`
