import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Db, type Document, type Filter, ObjectId } from 'mongodb'
import { COLLECTION_NAMES, COLLECTIONS } from './collections.ts'
import { type Entry, writeBackup } from './file.ts'
import { type Backup, backupsOf, expired, nameOf } from './policy.ts'

/**
 * Milliseconds before the last backup from which an incremental one has all documents: a document is stored some time after its id was made,
 * by a clock that may be late.
 */
const OVERLAP_MS = 3_600_000

/** Documents that are read at once: few, for each may have a megabyte. */
const BATCH = 16

/** What was made. */
export type Made = { file: string; documents: number; deleted: string[] }

/**
 * Makes a backup in a folder, while others may write, and then deletes those that are no longer kept. An incremental one needs an earlier one
 * in the same folder; throws when there is none, or when another backup has a later time.
 */
export async function makeBackup(db: Db, folder: string, kind: Backup['kind'], begun = new Date()): Promise<Made> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const before = backupsOf(await readdir(folder))
  const last = before.at(-1)
  if (last && last.begun >= begun)
    throw new Error(`${last.name} is not older than now: correct the clock, or move that file away`)
  if (kind === 'incremental' && !last) throw new Error(`${folder} has no backup to build on: make a full one first`)
  const since = kind === 'incremental' && last ? new Date(last.begun.getTime() - OVERLAP_MS) : undefined
  const made = { kind, begun, name: nameOf({ kind, begun }) }
  const documents = await writeBackup(join(folder, made.name), entriesOf(db, since))
  const old = expired([...before, made], begun)
  // The newest first: whatever is left after an interruption still has what it builds on.
  for (const { name } of old.toReversed()) await rm(join(folder, name))
  return { file: made.name, documents, deleted: old.map(({ name }) => name) }
}

async function* entriesOf(db: Db, since: Date | undefined): AsyncGenerator<Entry> {
  for (const collection of COLLECTION_NAMES) {
    const filter: Filter<Document> =
      since && COLLECTIONS[collection] === 'grows'
        ? { _id: { $gte: ObjectId.createFromTime(Math.floor(since.getTime() / 1000)) } }
        : {}
    // The time that an operation may take is for each batch.
    const found = db
      .collection(collection)
      .find(filter, { sort: { _id: 1 }, batchSize: BATCH, timeoutMode: 'iteration' })
    for await (const document of found) yield { collection, document }
  }
}
