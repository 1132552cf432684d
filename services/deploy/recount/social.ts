import { Comparing, type Finding } from './finding.ts'
import { NAME_OF_USER } from './names.ts'
import type { Stores } from './stores.ts'

type Follow = { follower_id: string; following_id: string }
type Shown = { user_id: string; username: string }

/** Compares what prompt knows of follows with those of user, both ways, and the names that ratings and comments show with the present ones. */
export async function recountSocial(stores: Stores): Promise<Finding[]> {
  const follows = new Comparing('prompt knows who follows whom')
  await compareFollows(stores, follows, { from: ['user', 'user_follows'], to: ['prompt', 'follows where active'] })
  await compareFollows(stores, follows, { from: ['prompt', 'follows where active'], to: ['user', 'user_follows'] })
  const names = new Comparing('ratings and comments show their authors by the present names')
  for (const table of ['prompt_ratings', 'prompt_comments']) await compareNames(stores, names, table)
  return [follows, names]
}

type Side = [service: string, rows: string]

async function compareFollows(stores: Stores, finding: Comparing, { from, to }: { from: Side; to: Side }) {
  const [service, rows] = from
  const follows = {
    select: 'follower_id, following_id',
    from: `(select follower_id, following_id from ${rows}) f`,
    key: ['follower_id', 'following_id'],
  } as const
  for await (const page of stores.pages<Follow>(service, follows)) {
    const known = await stores.query<Follow>(
      to[0],
      `select f.follower_id, f.following_id from (select follower_id, following_id from ${to[1]}) f
        join unnest($1::uuid[], $2::uuid[]) w (follower_id, following_id) using (follower_id, following_id)`,
      page.map((follow) => follow.follower_id),
      page.map((follow) => follow.following_id),
    )
    const pairs = new Set(known.map(pairOf))
    for (const follow of page)
      finding.count(pairs.has(pairOf(follow)) ? undefined : `${pairOf(follow)} is known to ${service} only`)
  }
}

const pairOf = ({ follower_id: follower, following_id: following }: Follow) => `${follower} ${following}`

async function compareNames(stores: Stores, finding: Comparing, table: string) {
  const rows = { select: 'user_id, username', from: table, key: ['id'] } as const
  for await (const page of stores.pages<Shown>('prompt', rows)) {
    const users = await stores.query<Shown>(
      'user',
      `select id as user_id, ${NAME_OF_USER} as username from users where id = any ($1)`,
      [...new Set(page.map((shown) => shown.user_id))],
    )
    const present = new Map(users.map(({ user_id: id, username }) => [id, username]))
    for (const { user_id: id, username } of page) {
      const name = present.get(id)
      finding.count(name === username ? undefined : `${username} is shown, whose name is ${name}`)
    }
  }
}
