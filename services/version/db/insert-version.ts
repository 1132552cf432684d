import { isDuplicateKey } from '#chassis/db/mongo-failures.ts'
import type { VersionRow } from '../version.ts'
import { toDocument, type Versions } from './documents.ts'

/** `STORED` now, `PRESENT` before, or another one has its number. */
export type Inserted = 'STORED' | 'PRESENT' | 'CONFLICT'

/**
 * Stores a version, unless it is there. By the driver, one at a time: what a failed bulk insert throws holds the documents, and
 * would carry them into the log.
 */
export async function insertVersion(versions: Versions, row: VersionRow): Promise<Inserted> {
  const document = toDocument(row)
  try {
    await versions.insertOne(document)
    return 'STORED'
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
    const { promptId, version } = document
    const stored = await versions.findOne({ promptId, version }, { projection: { contentHash: 1 } })
    if (stored?.contentHash !== row.contentHash) return 'CONFLICT'
    // A version that `resync` told is without the author's words: they are in its own event, which may come later.
    if (row.changes) await versions.updateOne({ promptId, version, changes: '' }, { $set: { changes: row.changes } })
    return 'PRESENT'
  }
}
