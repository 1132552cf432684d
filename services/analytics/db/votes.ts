import { deletion } from '#chassis/db/deletion.ts'
import { NEW_ACCOUNT_HOURS, VOTE_DAYS, WEIGHTS } from '../trending.ts'

const types = Object.keys(WEIGHTS).map((type) => `'${type}'`)
const weights = Object.entries(WEIGHTS).map(([type, weight]) => `when '${type}' then ${weight}`)

/** The first day of which votes are kept. */
const FIRST_DAY = `(now() at time zone 'UTC')::date - ${VOTE_DAYS}`

/**
 * A CTE that makes votes of the rows of a CTE `inserted` (`prompt_id`, `user_id`, `viewer_hash`, `event_type`, `event_time`). Of what a
 * reader did on a day it keeps the first of the actions that weigh most, whatever their order. The id of an account says when it was
 * made. An author's own are left out when scores are computed: whose a prompt is may not be known yet.
 */
export const VOTES_CTE = `
  voted as (
    insert into prompt_votes as v (day, prompt_id, voter, weight, voted_at)
    select distinct on (day, prompt_id, voter) day, prompt_id, voter, weight, event_time
    from (
      select (event_time at time zone 'UTC')::date as day, prompt_id, coalesce(user_id, viewer_hash::uuid) as voter, event_time,
        case when user_id is null or event_time < uuid_extract_timestamp(user_id) + interval '${NEW_ACCOUNT_HOURS} hours' then 1
          else case event_type ${weights.join(' ')} end
        end as weight
      from inserted
      where event_type in (${types.join(', ')})
    ) action
    where voter is not null and day >= ${FIRST_DAY}
    order by day, prompt_id, voter, weight desc, event_time
    on conflict (day, prompt_id, voter) do update set weight = excluded.weight, voted_at = excluded.voted_at
    where excluded.weight > v.weight or (excluded.weight = v.weight and excluded.voted_at < v.voted_at)
  )`

/** Forgets votes that count in no window any more. */
export const deleteOldVotes = deletion('delete_old_votes', 'prompt_votes', `day < ${FIRST_DAY}`)
