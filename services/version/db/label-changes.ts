import type { MikroORM } from '@mikro-orm/mongodb'
import { UUID } from 'mongodb'
import { isDuplicateKey } from '#chassis/db/mongo-failures.ts'
import type { VersionRange } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { WaitingAudit } from '../audited.ts'
import type { LabelChangeRow } from '../label.ts'
import { NO_AUDITS, type WithAudits } from './waiting-audits.ts'

/** A change as MongoDB has it. */
export type LabelChangeDocument = Omit<LabelChangeRow, Id> & Record<Id, UUID> & WithAudits

type Id = 'promptId' | 'userId'

/** The newest change of a label is its value, so nothing else is stored of it. By the driver: GetLabel is a hot path. */
const collection = (orm: MikroORM) => orm.em.getConnection().getDb().collection<LabelChangeDocument>('label_changes')

const NEWEST_FIRST = { sort: { seq: -1 }, projection: { _id: 0, ...NO_AUDITS } } as const

/** What a label is now: always as MongoDB has it, for another replica may have moved it a moment ago. */
export const newestChange = async (
  orm: MikroORM,
  promptId: string,
  label: string,
): Promise<LabelChangeRow | undefined> => {
  const found = await collection(orm).findOne({ promptId: new UUID(promptId), label }, NEWEST_FIRST)
  return found ? toRow(found) : undefined
}

/** Stores a change with its entry of the audit log, unless its number is taken: then another one came first. */
export async function insertChange(orm: MikroORM, row: LabelChangeRow, audit: WaitingAudit): Promise<boolean> {
  try {
    await collection(orm).insertOne({
      ...row,
      promptId: new UUID(row.promptId),
      userId: new UUID(row.userId),
      audits: [audit],
      auditsSince: row.createdAt,
    })
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}

/** Which labels to list. */
export type LabelsFilter = {
  promptId: string
  /** Those that name a version of these. */
  ranges: VersionRange[]
  /** Those after this name; empty for the first. */
  after: string
  limit: number
}

/**
 * The newest change of each label, by name. The order of `$sort` is that of the index and `$group` takes the first of each label, so that
 * MongoDB skips the older changes.
 */
export async function listLabels(
  orm: MikroORM,
  { promptId, ranges, after, limit }: LabelsFilter,
): Promise<LabelChangeRow[]> {
  const found = await collection(orm)
    .aggregate<Omit<LabelChangeDocument, 'label'> & { _id: string }>([
      { $match: { promptId: new UUID(promptId), label: { $gt: after } } },
      { $sort: { promptId: 1, label: 1, seq: -1 } },
      { $group: { _id: '$label', ...NEWEST } },
      { $match: { $or: ranges.map((range) => ({ version: within(range) })) } },
      { $sort: { _id: 1 } },
      { $limit: limit },
    ])
    .toArray()
  return found.map(({ _id: label, ...document }) => toRow({ ...document, label }))
}

const FIELD_NAMES = ['promptId', 'seq', 'version', 'from', 'userId', 'createdAt'] as const
const NEWEST = Object.fromEntries(FIELD_NAMES.map((name) => [name, { $first: `$${name}` }]))

/** Which changes to list. */
export type ChangesFilter = {
  promptId: string
  label: string
  /** To a version of these, or away from one. */
  ranges: VersionRange[]
  /** Those before this one; undefined for the newest. */
  before: number | undefined
  limit: number
}

/** The newest changes first. */
export async function listChanges(
  orm: MikroORM,
  { promptId, label, ranges, before, limit }: ChangesFilter,
): Promise<LabelChangeRow[]> {
  const visible = ranges.map(within).flatMap((range) => [{ version: range }, { version: null, from: range }])
  const seq = before === undefined ? {} : { seq: { $lt: before } }
  const filter = { promptId: new UUID(promptId), label, ...seq, $or: visible }
  return (
    await collection(orm)
      .find(filter, { ...NEWEST_FIRST, limit })
      .toArray()
  ).map(toRow)
}

const within = ({ from, to }: VersionRange) => ({ $gte: from, $lte: to })

const toRow = (document: LabelChangeDocument): LabelChangeRow => ({
  ...document,
  promptId: document.promptId.toString(),
  userId: document.userId.toString(),
})
