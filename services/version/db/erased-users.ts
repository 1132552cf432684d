import { type ObjectId, UUID } from 'mongodb'
import { DELETED_USER } from '#contracts/events.ts'
import type { Deps } from '../context.ts'
import type { VersionRow } from '../version.ts'
import { insertVersions } from './insert-versions.ts'

/** Versions that are looked at, and whose author's name is replaced, at once. */
const PAGE = 500

type Parts = Pick<Deps, 'orm' | 'versions'>

/** The users who were erased: a version that comes later is stored without the name, too. */
const erasedUsers = ({ orm }: Pick<Deps, 'orm'>) =>
  orm.em.getConnection().getDb().collection<{ _id: UUID }>('erased_users')

/** Replaces a user's name on all versions, and keeps in mind that there is none any more. */
export async function eraseAuthor({ orm, versions }: Parts, userId: string): Promise<void> {
  const id = new UUID(userId)
  await erasedUsers({ orm }).updateOne({ _id: id }, { $set: { _id: id } }, { upsert: true })
  // No index has the author: this reads every version, page by page, each within the time of an operation.
  for (let after: ObjectId | undefined; ;) {
    const page = await versions
      .find(after ? { _id: { $gt: after } } : {}, { projection: { _id: 1 }, sort: { _id: 1 }, limit: PAGE })
      .toArray()
    if (page.length === 0) return
    const last = page.at(-1)!._id
    await versions.updateMany(
      { _id: { $gte: page[0]!._id, $lte: last }, userId: id, username: { $ne: DELETED_USER } },
      { $set: { username: DELETED_USER } },
    )
    after = last
  }
}

/**
 * Stores versions, without the names of authors who were erased, and answers as `insertVersions` does. An author may be erased while they are
 * stored, and that erasure does not see them: so it is looked up again, and the names are taken from them then.
 */
export async function insertWithoutErased({ orm, versions }: Parts, rows: VersionRow[]) {
  const cleared = withoutNames(rows, await erasedOf({ orm }, rows))
  const outcomes = await insertVersions(versions, cleared)
  const erasedSince = await erasedOf(
    { orm },
    cleared.filter(({ username }) => username !== DELETED_USER),
  )
  if (erasedSince.size === 0) return outcomes
  await versions.updateMany(
    {
      promptId: { $in: rows.map(({ promptId }) => new UUID(promptId)) },
      userId: { $in: [...erasedSince].map((id) => new UUID(id)) },
    },
    { $set: { username: DELETED_USER } },
  )
  return outcomes.map((outcome) =>
    outcome && erasedSince.has(outcome.userId.toString()) ? { ...outcome, username: DELETED_USER } : outcome,
  )
}

/** The ids of the authors of these versions who were erased. */
async function erasedOf({ orm }: Pick<Deps, 'orm'>, rows: VersionRow[]): Promise<Set<string>> {
  const authors = [...new Set(rows.map(({ userId }) => userId))].map((id) => new UUID(id))
  if (authors.length === 0) return new Set()
  const found = await erasedUsers({ orm })
    .find({ _id: { $in: authors } })
    .toArray()
  return new Set(found.map(({ _id }) => _id.toString()))
}

const withoutNames = (rows: VersionRow[], erased: ReadonlySet<string>) =>
  rows.map((row) => (erased.has(row.userId) ? { ...row, username: DELETED_USER } : row))
