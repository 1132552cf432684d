import type { Finding } from '../../services/deploy/recount/finding.ts'
import type { Stores } from '../../services/deploy/recount/stores.ts'
import type { Ledger, Social } from './ledger.ts'

/** Compares likes, ratings, comments and follows with what was acknowledged. */
export async function recountSocial({ query }: Stores, { social }: Ledger): Promise<Finding[]> {
  const likes = await query<Pair>(
    'prompt',
    `select user_id || ' ' || prompt_id as pair, true as value from prompt_likes`,
  )
  const ratings = await query<Pair>(
    'prompt',
    `select user_id || ' ' || prompt_id as pair, rating as value from prompt_ratings`,
  )
  const comments = await query<{ id: string }>('prompt', 'select id from prompt_comments')
  const follows = await query<Pair>(
    'user',
    `select follower_id || ' ' || following_id as pair, true as value from user_follows`,
  )
  const known = new Set(comments.map(({ id }) => id))
  return [
    acknowledged('likes', social.likes, likes),
    acknowledged('ratings', social.ratings, ratings),
    acknowledged('follows', social.follows, follows),
    {
      what: 'acknowledged comments are there',
      compared: social.comments.size,
      wrong: [...social.comments].filter((id) => !known.has(id)).map((id) => `comment ${id} is gone`),
    },
  ]
}

type Pair = { pair: string; value: boolean | number }

function acknowledged(what: string, acked: Social['likes' | 'ratings'] | Social['follows'], stored: Pair[]): Finding {
  const now = new Map(stored.map(({ pair, value }) => [pair, value]))
  const wrong = [...acked].flatMap(([pair, value]) =>
    value === 'unsure' || (now.get(pair) ?? false) === value ? [] : [`${pair} is not as acknowledged`],
  )
  return { what: `acknowledged ${what} are there, and what was taken back is not`, compared: acked.size, wrong }
}
