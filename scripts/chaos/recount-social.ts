import { onDatabase } from '../processes/on-database.ts'
import type { Ledger, Social } from './ledger.ts'
import type { Finding } from './recount.ts'

type Databases = Record<string, string>

/** Compares likes, ratings, comments, forks and follows with what was acknowledged, their counters with them, and prompt's projection of follows with user's. */
export async function recountSocial(databases: Databases, { social }: Ledger): Promise<Finding[]> {
  const inUser = <Row extends object>(text: string) => onDatabase<Row>(databases['user']!, text)
  const inPrompt = <Row extends object>(text: string) => onDatabase<Row>(databases['prompt']!, text)
  const likes = await inPrompt<Pair>(`select user_id || ' ' || prompt_id as pair, true as value from prompt_likes`)
  const ratings = await inPrompt<Pair>(
    `select user_id || ' ' || prompt_id as pair, rating as value from prompt_ratings`,
  )
  const comments = await inPrompt<{ id: string }>('select id from prompt_comments')
  const follows = await inUser<Pair>(
    `select follower_id || ' ' || following_id as pair, true as value from user_follows`,
  )
  const known = await inPrompt<Pair>(
    `select follower_id || ' ' || following_id as pair, true as value from follows where active`,
  )
  const lost = [...social.comments].filter((id) => !new Set(comments.map((comment) => comment.id)).has(id))
  return [
    acknowledged('likes', social.likes, likes),
    acknowledged('ratings', social.ratings, ratings),
    acknowledged('follows', social.follows, follows),
    {
      what: 'acknowledged comments are there',
      compared: social.comments.size,
      wrong: lost.map((id) => `comment ${id} is gone`),
    },
    { what: 'prompt knows who follows whom', compared: follows.length, wrong: differences(follows, known) },
    names(await inUser<Named>('select id as user_id, username from users'), await inPrompt<Named>(SHOWN)),
    ...(await recountCounters(databases)),
  ]
}

/** Compares the counters of prompts and of users with what they count. */
export async function recountCounters(databases: Databases): Promise<Finding[]> {
  const count = async (what: string, service: string, text: string) =>
    counters(what, await onDatabase<Counted>(databases[service]!, text))
  return [
    await count('prompts count their likes, ratings, comments and forks', 'prompt', PROMPTS),
    await count('users count their followers and whom they follow', 'user', USERS),
  ]
}

type Pair = { pair: string; value: boolean | number }
type Named = { user_id: string; username: string }
type Counted = { id: string; stored: number[]; counted: number[] }

const SHOWN = 'select user_id, username from prompt_ratings union all select user_id, username from prompt_comments'

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

function acknowledged(what: string, acked: Social['likes' | 'ratings'] | Social['follows'], stored: Pair[]): Finding {
  const now = new Map(stored.map(({ pair, value }) => [pair, value]))
  const wrong = [...acked].flatMap(([pair, value]) =>
    value === 'unsure' || (now.get(pair) ?? false) === value ? [] : [`${pair} is not as acknowledged`],
  )
  return { what: `acknowledged ${what} are there, and what was taken back is not`, compared: acked.size, wrong }
}

function differences(stored: Pair[], known: Pair[]): string[] {
  const [one, other] = [stored, known].map((pairs) => new Set(pairs.map(({ pair }) => pair)))
  return [...one!.symmetricDifference(other!)].map((pair) => `${pair} is known to one of them only`)
}

function names(users: Named[], shown: Named[]): Finding {
  const present = new Map(users.map(({ user_id: id, username }) => [id, username]))
  const wrong = shown
    .filter(({ user_id: id, username }) => present.get(id) !== username)
    .map(({ user_id: id, username }) => `${username} is shown, whose name is ${present.get(id)}`)
  return { what: 'ratings and comments show their authors by the present names', compared: shown.length, wrong }
}

function counters(what: string, rows: Counted[]): Finding {
  const wrong = rows
    .filter(({ stored, counted }) => stored.join() !== counted.join())
    .map(({ id, stored, counted }) => `${id} says ${stored.join(', ')}, and it is ${counted.join(', ')}`)
  return { what, compared: rows.length, wrong }
}
