import type { Finding } from './finding.ts'
import type { Stores } from './stores.ts'

type Counted = { id: string; stored: number[]; counted: number[] }

const PROMPTS = `select p.id, array[likes_count, ratings_count, ratings_sum, comments_count, forks_count] as stored, array[
    (select count(*) from prompt_likes l where l.prompt_id = p.id),
    (select count(*) from prompt_ratings r where r.prompt_id = p.id),
    (select coalesce(sum(rating), 0) from prompt_ratings r where r.prompt_id = p.id),
    (select count(*) from prompt_comments c where c.prompt_id = p.id and c.deleted_at is null),
    (select count(*) from prompts f where f.forked_from_id = p.id)
  ]::integer[] as counted from prompts p`

const USERS = `select u.id, array[followers_count, following_count] as stored, array[
    (select count(*) from user_follows f where f.following_id = u.id),
    (select count(*) from user_follows f where f.follower_id = u.id)
  ]::integer[] as counted from users u`

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
