import { recount as recountStores } from '../../services/deploy/recount/recount.ts'
import type { Finding } from '../../services/deploy/recount/finding.ts'
import { openStores, type Stores } from '../../services/deploy/recount/stores.ts'
import { EVENTS } from '#contracts/events.ts'
import type { Ledger } from './ledger.ts'
import { recountSocial } from './recount-social.ts'

/**
 * Compares what was acknowledged with what is stored, and the stores with each other, as operators do after a restore. `databases` are URLs, by service.
 * Everything must have been processed.
 */
export async function recount(databases: Record<string, string>, ledger: Ledger): Promise<Finding[]> {
  await using stores = openStores(databases)
  return [
    await acknowledgedUsers(stores, ledger),
    await signIns(stores, ledger),
    await acknowledgedPrompts(stores, ledger),
    await acknowledgedVersions(stores, ledger),
    ...(await recountSocial(stores, ledger)),
    ...(await recountStores(stores)),
  ]
}

async function acknowledgedUsers({ query }: Stores, { users }: Ledger): Promise<Finding> {
  const rows = await query<{ id: string; username: string }>('user', 'select id, username from users')
  const names = new Map(rows.map(({ id, username }) => [id, username]))
  const wrong = [...users].flatMap(([id, { username, isUnsure }]) => {
    const stored = names.get(id)
    if (stored === undefined) return [`user ${id} is gone`]
    return isUnsure || stored === username ? [] : [`user ${id} is called ${stored}, not ${username}`]
  })
  return { what: 'acknowledged users are there, by their last name', compared: users.size, wrong }
}

type UserEvents = { id: string; changes: number; renames: number }

/** Here users are changed by new names alone, and so each change has an event. */
async function signIns({ query }: Stores, { signIns: acked }: Ledger): Promise<Finding> {
  const rows = await query<UserEvents>(
    'user',
    `with renamed as (
      select (payload #>> '{metadata,aggregateId}')::uuid as id, count(*)::integer as renames from outbox
      where subject like '${EVENTS.userRenamed.subject}%' group by 1
    )
    select u.id, revision - 1 as changes, coalesce(renames, 0) as renames from users u left join renamed using (id)`,
  )
  const wrong = rows
    .filter(({ changes, renames }) => changes !== renames)
    .map(({ id, changes, renames }) => `user ${id} was changed ${changes} times, with ${renames} events`)
  const [row] = await query<{ count: number }>(
    'user',
    'select count(*)::integer from outbox where subject = $1',
    EVENTS.userSignedIn.subject,
  )
  const lost = row!.count < acked ? [`${acked} sign-ins were acknowledged, and ${row!.count} have an event`] : []
  return { what: 'every new name and sign-in has its event', compared: rows.length, wrong: [...wrong, ...lost] }
}

type Prompt = { id: string; user_id: string; version: number; deleted: boolean }

async function acknowledgedPrompts({ query }: Stores, { prompts }: Ledger): Promise<Finding> {
  const rows = await query<Prompt>(
    'prompt',
    'select id, user_id, version, deleted_at is not null as deleted from prompts',
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  const wrong = [...prompts].flatMap(([id, { ownerId, versions, isDeleted }]) => {
    const stored = byId.get(id)
    if (stored?.user_id !== ownerId) return [`prompt ${id} is gone`]
    if (isDeleted && !stored.deleted) return [`prompt ${id} is back`]
    return stored.version >= Math.max(...versions.keys()) ? [] : [`prompt ${id} fell back to version ${stored.version}`]
  })
  return { what: 'acknowledged prompts and deletions are there', compared: prompts.size, wrong }
}

async function acknowledgedVersions(stores: Stores, { prompts }: Ledger): Promise<Finding> {
  const stored = await stores.versionsOf([...prompts.keys()])
  const titles = new Map(stored.map(({ promptId, version, title }) => [`${promptId} ${version}`, title]))
  const acked = [...prompts].flatMap(([id, prompt]) =>
    [...prompt.versions].map(([version, title]) => ({ id, version, title })),
  )
  const wrong = acked.flatMap(({ id, version, title }) =>
    titles.get(`${id} ${version}`) === title ? [] : [`version ${version} of prompt ${id} is not as acknowledged`],
  )
  return { what: 'acknowledged versions are there, as they were written', compared: acked.length, wrong }
}
