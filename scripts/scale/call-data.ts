import { CALLERS } from '../bench/callers.ts'
import { isListed } from '../../services/prompt/db/readable.ts'
import type { Data } from '../bench/cells.ts'
import { onDatabase } from '../processes/on-database.ts'
import { LABELLED } from './fill-version.ts'
import type { ScaleSite } from './site.ts'

/** What the hot calls are about: everything that callers may read, oldest first, which is what has most of everything. */
export type CallData = Data & {
  /** Of prompts that have the label `production`. */
  labelledIds: string[]
}

type Ids = { id: string }
const idsOf = (rows: Ids[]) => rows.map(({ id }) => id)

/** Looks the data of a site up, and answers with how to get them with fresh tokens. The callers are from the most active user to ordinary ones. */
export async function callDataOf(site: ScaleSite): Promise<() => Promise<CallData>> {
  const { urls, callers, licenseKeys, categories, users } = site
  // Ids begin with the time, so their order is that in which things were made.
  const people = await onDatabase<{ id: string; username: string }>(
    urls.user,
    `select id, username from users where username like 'user%' order by id`,
  )
  const chosen = Array.from({ length: CALLERS }, (_, n) => people[Math.floor(users * (n / CALLERS) ** 2)]!)
  const listed = await onDatabase<Ids & { labelled: boolean }>(
    urls.prompt,
    `select id, ordinal % ${LABELLED} = 0 as labelled from prompts p where ${isListed('p')} order by id`,
  )
  const listings = await onDatabase<Ids>(
    urls.marketplace,
    `select id from prompt_listings where status = 'ACTIVE' order by id`,
  )
  const owned = await onDatabase<{ user_id: string; ids: string[] }>(
    urls.prompt,
    'select user_id, (array_agg(id order by id))[1:40] as ids from prompts where user_id = any ($1) group by 1',
    idsOf(chosen),
  )
  const ownedBy = new Map(owned.map((row) => [row.user_id, row.ids]))
  const known = {
    userIds: idsOf(people),
    usernames: people.map(({ username }) => username),
    password: callers.password,
    promptIds: idsOf(listed),
    labelledIds: idsOf(listed.filter(({ labelled }) => labelled)),
    listingIds: idsOf(listings),
    licenseKeys,
    categories,
  }
  return async () => ({
    ...known,
    callers: (await callers.signedIn(chosen)).map((caller) => ({ ...caller, promptIds: ownedBy.get(caller.id) ?? [] })),
  })
}
