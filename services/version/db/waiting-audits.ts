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

/** The longest waiting entries of a collection, by their documents. */
export const findWaiting = (orm: MikroORM, name: (typeof AUDITED_COLLECTIONS)[number]) =>
  collectionOf(orm, name)
    .find({ auditsSince: { $gt: new Date(0) } }, { projection: { audits: 1 }, sort: { auditsSince: 1 }, limit: PAGE })
    .toArray()

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
