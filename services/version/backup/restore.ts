import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Collection, Db, Document } from 'mongodb'
import { isDuplicateKey } from '#chassis/db/mongo-failures.ts'
import { DELETED_USER } from '#contracts/events.ts'
import { batchesOf } from './batches.ts'
import { COLLECTION_NAMES, COLLECTIONS } from './collections.ts'
import { readBackup } from './file.ts'
import { backupsOf, chainAt } from './policy.ts'

/** What was read, and how many documents of each collection were added. */
export type Restored = { files: string[]; added: Record<string, number> }

/**
 * Adds what a folder's backups have and the database does not, as it was at `time`; nothing that is there changes, so it may be repeated, and run
 * while the service works. The database must have its indexes. Versions of users who were erased come back without the name. All
 * files are read to their ends before the first document is added: throws when one is damaged, or when there is no full backup of that time.
 */
export async function restoreBackup(db: Db, folder: string, time = new Date()): Promise<Restored> {
  const files = chainAt(backupsOf(await readdir(folder)), time).map(({ name }) => name)
  if (files.length === 0) throw new Error(`${folder} has no full backup from before ${time.toISOString()}`)
  await assertMigrated(db)
  const paths = files.map((name) => join(folder, name)).toReversed()
  for (const path of paths) await readThrough(path)
  const added = Object.fromEntries(COLLECTION_NAMES.map((name) => [name, 0]))
  const erased = await erasedUsers(db)
  for await (const { collection, documents } of batchesOf(paths)) {
    if (collection === 'erased_users') for (const { _id } of documents) erased.add(String(_id))
    if (collection === 'prompt_versions') withoutNames(documents, erased)
    added[collection]! += await insertMissing(db.collection(collection), documents)
  }
  return { files, added }
}

async function assertMigrated(db: Db) {
  const names = new Set((await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name))
  const missing = COLLECTION_NAMES.filter((name) => !names.has(name))
  if (missing.length > 0) throw new Error(`the database lacks ${missing.join(', ')}: run the command migrate first`)
}

async function readThrough(path: string) {
  for await (const { collection } of readBackup(path)) {
    if (!(collection in COLLECTIONS))
      throw new Error(`${path} has the collection ${collection}: it is of a later release`)
  }
}

async function erasedUsers(db: Db): Promise<Set<string>> {
  return new Set((await db.collection('erased_users').find().toArray()).map(({ _id }) => String(_id)))
}

function withoutNames(documents: Document[], erased: Set<string>) {
  for (const document of documents) if (erased.has(String(document['userId']))) document['username'] = DELETED_USER
}

async function insertMissing(collection: Collection, documents: Document[]): Promise<number> {
  try {
    return (await collection.insertMany(documents, { ordered: false })).insertedCount
  } catch {
    // Some are there, and servers differ in how they tell: one by one, each tells for itself.
    const inserted = await Promise.all(documents.map((document) => insertOne(collection, document)))
    return inserted.filter(Boolean).length
  }
}

async function insertOne(collection: Collection, document: Document): Promise<boolean> {
  try {
    await collection.insertOne(document)
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    // The driver's error holds the document, and would carry it into the log.
    throw new Error(
      `${collection.collectionName} ${String(document['_id'])} cannot be stored: ${(error as Error).name}`,
    )
  }
}
