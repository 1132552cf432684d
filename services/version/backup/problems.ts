import type { Db, UUID } from 'mongodb'
import { wrongIndexes } from '#chassis/db/migrate-mongo.ts'
import type { VersionDocument } from '../db/documents.ts'
import type { LabelChangeDocument } from '../db/label-changes.ts'
import { schema } from '../db/schema.ts'
import { contentHash } from '../version.ts'

/** Versions that are read at once: few, for each may have a megabyte. */
const VERSIONS = 16

const HASHED = { title: 1, content: 1, description: 1, category: 1, variables: 1, model: 1 } as const

/**
 * What is wrong with a restored database, a sentence for each problem, none when all is well. The newest version must have been written after `since`. Reads
 * every version.
 */
export async function problemsOf(db: Db, since: Date): Promise<string[]> {
  return [...(await indexes(db)), ...(await newestVersion(db, since)), ...(await hashes(db)), ...(await labels(db))]
}

async function indexes(db: Db): Promise<string[]> {
  const wrong = await Promise.all(
    schema.collections.map(async (collection) =>
      (await wrongIndexes(db, collection)).map(
        (name) => `the index ${name} of ${collection.name} is missing or another`,
      ),
    ),
  )
  return wrong.flat()
}

const versionsOf = (db: Db) => db.collection<VersionDocument>('prompt_versions')

async function newestVersion(db: Db, since: Date): Promise<string[]> {
  const newest = await versionsOf(db).findOne({}, { sort: { createdAt: -1 }, projection: { createdAt: 1 } })
  if (!newest) return ['there is no version']
  if (newest.createdAt >= since) return []
  return [`the newest version is of ${newest.createdAt.toISOString()}, and none is younger than ${since.toISOString()}`]
}

async function hashes(db: Db): Promise<string[]> {
  const projection = { _id: 0, promptId: 1, version: 1, contentHash: 1, ...HASHED }
  // The time that an operation may take is for each batch.
  const found = versionsOf(db).find({}, { projection, batchSize: VERSIONS, timeoutMode: 'iteration' })
  const wrong: string[] = []
  for await (const version of found) {
    if (contentHash(version) !== version.contentHash) wrong.push(nameOf(version.promptId, version.version))
  }
  return said(wrong, 'have another content than their hash says')
}

async function labels(db: Db): Promise<string[]> {
  const found = db
    .collection<LabelChangeDocument>('label_changes')
    .find({ version: { $ne: null } }, { projection: { _id: 0, promptId: 1, version: 1 }, timeoutMode: 'iteration' })
  const wrong: string[] = []
  for await (const { promptId, version } of found) {
    const filter = { promptId, version: version! }
    if (!(await versionsOf(db).findOne(filter, { projection: { _id: 1 } })))
      wrong.push(nameOf(promptId, filter.version))
  }
  return said(wrong, 'are not there, and labels name or named them')
}

const nameOf = (promptId: UUID, version: number) => `version ${version} of prompt ${promptId.toString()}`

const said = (wrong: string[], what: string) =>
  wrong.length > 0 ? [`${wrong.length} versions ${what}; the first is ${wrong[0]}`] : []
