import type { Finding } from './finding.ts'
import type { Stores } from './stores.ts'

type Counted = { id: string; stored: number[]; counted: number[] }

// Each table is read once: a look at it for each prompt would take hours where there are many.
const PROMPTS = `select p.id, array[likes_count, ratings_count, ratings_sum, comments_count, forks_count] as stored,
    array[coalesce(l.count, 0), coalesce(r.count, 0), coalesce(r.sum, 0), coalesce(c.count, 0), coalesce(f.count, 0)]::integer[] as counted
  from prompts p
  left join (select prompt_id as id, count(*) from prompt_likes group by 1) l using (id)
  left join (select prompt_id as id, count(*), sum(rating) from prompt_ratings group by 1) r using (id)
  left join (select prompt_id as id, count(*) from prompt_comments where deleted_at is null group by 1) c using (id)
  left join (select forked_from_id as id, count(*) from prompts group by 1) f using (id)`

const USERS = `select u.id, array[followers_count, following_count] as stored,
    array[coalesce(t.count, 0), coalesce(b.count, 0)]::integer[] as counted
  from users u
  left join (select following_id as id, count(*) from user_follows group by 1) t using (id)
  left join (select follower_id as id, count(*) from user_follows group by 1) b using (id)`

/** Compares the counters of prompts and of users with what they count. */
export const recountCounters = async (stores: Pick<Stores, 'query'>): Promise<Finding[]> => [
  await count(stores, 'prompt', PROMPTS, {
    what: 'prompts count their likes, ratings, comments and forks',
    table: 'prompts',
  }),
  await count(stores, 'user', USERS, { what: 'users count their followers and whom they follow', table: 'users' }),
]

async function count(
  { query }: Pick<Stores, 'query'>,
  service: string,
  text: string,
  { what, table }: { what: string; table: string },
): Promise<Finding> {
  const rows = await query<Counted>(service, `select * from (${text}) c where stored <> counted limit 1000`)
  const [all] = await query<{ count: number }>(service, `select count(*)::integer from ${table}`)
  const wrong = rows.map(
    ({ id, stored, counted }) => `${id} says ${stored.join(', ')}, and it is ${counted.join(', ')}`,
  )
  return { what, compared: all!.count, wrong }
}
