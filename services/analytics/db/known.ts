/**
 * A CTE that takes down the ids of a CTE `incoming`, whose rows of one id have one time. It has a row for each id that is new, and for
 * each that was known with another time; none for one that was known with this one.
 *
 * All by one key and without a join: no plan for it can be a bad one, however large or small the planner takes the tables to be,
 * and replicas that meet over an id wait for each other. Likewise the CTEs after it ask for ids by hashed subqueries, which `in` is
 * only when it is not a condition by itself.
 */
export const KNOWN_CTE = `
  known as (
    insert into event_ids as k (event_id, event_time)
    select distinct on (event_id) event_id, event_time from incoming order by event_id
    on conflict (event_id) do update set event_time = k.event_time where k.event_time <> excluded.event_time
    returning event_id, old.event_time is null as is_new
  )`

const IS_NEW = 'event_id in (select event_id from known where is_new)'

/**
 * A CTE that takes down the new rows of `incoming` that tell of what can happen only once to what is in the column `about`, by the keys
 * in `once`. It has a row for each key that is new: ids alone would count twice what comes under two, or again when its id has been
 * forgotten.
 */
export const claimedCte = (about: string) => `
  claimed as (
    insert into counted_once (about, event)
    select ${about}, once from incoming where once is not null and (${IS_NEW}) is true
    order by 1, 2
    on conflict do nothing
    returning about, event
  )`

/** The rows of `incoming` that are to be counted, in the order of their ids. */
export const newRows = (about: string) => `
    from incoming
    where (${IS_NEW} and (once is null or (${about}, once) in (select about, event from claimed))) is true
    order by event_id`

/** Whether `event_id` is not one that was known with another time. */
export const IS_ACCEPTED = 'event_id not in (select event_id from known where not is_new)'

/** The answer of the statement: the ids that were known with another time. */
export const CLASHING = 'select event_id from known where not is_new'
