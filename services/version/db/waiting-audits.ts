import type { MikroORM } from '@mikro-orm/mongodb'
import type { ObjectId } from 'mongodb'
import type { WaitingAudit } from '../audited.ts'

/** What a document has while entries of the audit log wait in it. */
export type WithAudits = {
  audits?: WaitingAudit[]
  /** Since when some wait; by the index of it they are found. */
  auditsSince?: Date
}

/** The collections whose documents have them. */
export const AUDITED_COLLECTIONS = ['label_changes', 'label_gates'] as const

/** Left out of what is read of a document. */
export const NO_AUDITS = { audits: 0, auditsSince: 0 } as const

/** Documents that are read at once. */
const PAGE = 100

/** Documents in which entries wait. */
const WAITING = { auditsSince: { $gt: new Date(0) } }

/** The longest waiting entries of a collection, by their documents. */
export const findWaiting = (orm: MikroORM, name: (typeof AUDITED_COLLECTIONS)[number]) =>
  collectionOf(orm, name)
    .find(WAITING, { projection: { audits: 1 }, sort: { auditsSince: 1 }, limit: PAGE })
    .toArray()

/** Since when the entry waits that has waited longest, of all collections; undefined: none waits. */
export async function findLongestWaiting(orm: MikroORM): Promise<Date | undefined> {
  const oldest = AUDITED_COLLECTIONS.map((name) =>
    collectionOf(orm, name).findOne(WAITING, { projection: { auditsSince: 1 }, sort: { auditsSince: 1 } }),
  )
  const times = (await Promise.all(oldest)).flatMap((found) => found?.auditsSince ?? [])
  return times.toSorted((one, other) => one.getTime() - other.getTime())[0]
}

/** Removes entries that were published, and the mark of a document in which none wait any more. */
export async function removePublished(
  orm: MikroORM,
  name: (typeof AUDITED_COLLECTIONS)[number],
  { _id, audits = [] }: WithAudits & { _id: ObjectId },
): Promise<void> {
  const collection = collectionOf(orm, name)
  await collection.updateOne({ _id }, { $pull: { audits: { id: { $in: audits.map(({ id }) => id) } } } })
  await collection.updateOne({ _id, audits: { $size: 0 } }, { $unset: { audits: '', auditsSince: '' } })
}

const collectionOf = (orm: MikroORM, name: string) =>
  orm.em.getConnection().getDb().collection<WithAudits & { _id: ObjectId }>(name)
