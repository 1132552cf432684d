import { isDuplicateKey } from '#chassis/db/mongo-failures.ts'
import type { VersionRow } from '../version.ts'
import { EVENT_FIELDS, type EventFields, toDocument, type VersionDocument, type Versions } from './documents.ts'

/**
 * Stores versions, unless they are there, and answers with what the event of each is made of, as it is stored. Undefined: another version has
 * its number.
 */
export async function insertVersions(versions: Versions, rows: VersionRow[]): Promise<(EventFields | undefined)[]> {
  const documents = rows.map(toDocument)
  if (documents.length > 1 && (await areInserted(versions, documents))) return documents
  return Promise.all(documents.map((document) => insertOne(versions, document)))
}

// What this throws holds the documents, and would carry them into the log. Stored one by one, they tell what was wrong.
const areInserted = (versions: Versions, documents: VersionDocument[]): Promise<boolean> =>
  versions.insertMany(documents, { ordered: false }).then(
    () => true,
    () => false,
  )

async function insertOne(versions: Versions, document: VersionDocument): Promise<EventFields | undefined> {
  try {
    await versions.insertOne(document)
    return document
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
    const { promptId, version, contentHash } = document
    const projection = { ...EVENT_FIELDS, contentHash: 1 }
    const stored = await versions.findOne<EventFields & { contentHash: string }>({ promptId, version }, { projection })
    if (stored?.contentHash !== contentHash) return undefined
    // A version that `resync` told is without the author's words: they are in its own event, which may come later.
    const { changes } = document
    if (changes) await versions.updateOne({ promptId, version, changes: '' }, { $set: { changes } })
    return stored
  }
}
