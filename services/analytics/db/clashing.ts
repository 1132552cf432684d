import { FUTURE_HOURS, REPEATABLE_DAYS } from '../months.ts'

/**
 * A CTE with the ids of a CTE `incoming` that `table` has at another time. It looks at the partitions of the time within which an
 * event can come again.
 */
export const clashingCte = (table: string) => `
  clashing as (
    select i.event_id
    from incoming i
    where exists (
      select from ${table} e
      where e.event_id = i.event_id and e.event_time <> i.event_time
        and e.event_time >= now() - interval '${REPEATABLE_DAYS} days'
        and e.event_time < now() + interval '${FUTURE_HOURS} hours'
    )
  )`

/** The rows of `incoming` that do not clash, in the order of their ids. */
export const ACCEPTED = `
    from incoming i
    where not exists (select from clashing c where c.event_id = i.event_id)
    order by i.event_id`
