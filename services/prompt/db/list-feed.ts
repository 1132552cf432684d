import { integer, timestamptz, uuid } from '#chassis/db/params.ts'
import { plannedOnce } from '#chassis/db/statements.ts'
import { MAX_ROWS } from '#chassis/page-token.ts'
import { isListed } from './readable.ts'
import { SUMMARY, type SummaryRow } from './rows.ts'

/** How many of the newest prompts are looked at one by one, at most. */
const MAX_WALKED = 1000

/** How many prompts of those whom a user follows are read together, at most, for each of these people. */
const MAX_OF_EACH = 4

/**
 * The page of at most `limit` prompts of those whom a user follows, newest first, in one round trip.
 *
 * Of all listed prompts, `recent` takes the newest, one after another, that are by somebody whom the user follows. That is quick for who
 * follows many. It gives up after as many prompts as the user follows people, so it costs no more than what comes then. `every` reads all
 * prompts of those followed in one pass through an index, and gives up when they are more than a few for each. What comes then is `leaders`,
 * who of those followed have the newest prompts, by one look into an index each, and the prompts of these. The page has nobody else's, for
 * `limit` leaders have `limit` prompts newer than any other. Queries with a limit leave the planner no choice but the indexes.
 */
export const listFeed = plannedOnce('list_feed', {
  followerId: uuid,
  beforeTime: timestamptz,
  beforeId: uuid,
  limit: integer,
})<SummaryRow>((p) => {
  const follow = `follows f where f.follower_id = ${p.followerId} and f.active`
  const newest = (count: number, condition = 'true') => `
      select p.id, p.user_id, p.created_at from prompts p
      where ${isListed('p')} and (p.created_at, p.id) < (${p.beforeTime}, ${p.beforeId}) and ${condition}
      order by p.created_at desc, p.id desc limit ${count}`
  return `with recent as materialized (
    select n.id, n.created_at
    from (
      select * from (${newest(MAX_WALKED)}) walked order by created_at desc, id desc
      limit (select count(*) from (select from ${follow} limit ${MAX_WALKED}) followed)
    ) n
    cross join lateral (select from ${follow} and f.following_id = n.user_id limit 1) followed
    order by n.created_at desc, n.id desc
    limit ${p.limit}
  ),
  followed as materialized (
    select array(select f.following_id from ${follow} and (select count(*) from recent) < ${p.limit}) as ids
  ),
  every as materialized (
    select p.id, p.created_at from prompts p
    where ${isListed('p')} and (p.created_at, p.id) < (${p.beforeTime}, ${p.beforeId})
      and p.user_id = any ((select ids from followed)::uuid[])
    limit (select ${MAX_OF_EACH} * cardinality(ids) from followed)
  ),
  leaders as materialized (
    select n.user_id
    from (
      select unnest(ids) as following_id from followed
      where (select count(*) from every) = ${MAX_OF_EACH} * cardinality(ids)
    ) followed
    cross join lateral (${newest(1, 'p.user_id = followed.following_id')}) n
    order by n.created_at desc, n.id desc
    limit ${p.limit}
  ),
  page as (
    select id, created_at from recent where (select count(*) from recent) >= ${p.limit}
    union all (
      select id, created_at from every
      where (select count(*) from every) < (select ${MAX_OF_EACH} * cardinality(ids) from followed)
      order by created_at desc, id desc
      limit ${p.limit}
    )
    union all (
      select n.id, n.created_at
      from leaders l
      cross join lateral (select * from (${newest(MAX_ROWS, 'p.user_id = l.user_id')}) longest limit ${p.limit}) n
      order by n.created_at desc, n.id desc
      limit ${p.limit}
    )
  )
  select shown.* from page cross join lateral (select ${SUMMARY} from prompts p where p.id = page.id limit 1) shown
  order by page.created_at desc, page.id desc`
})
