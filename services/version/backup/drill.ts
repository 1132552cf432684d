import { join } from 'node:path'
import type { Db } from 'mongodb'
import type { Printed } from '#chassis/define-service.ts'
import { batchesOf } from './batches.ts'
import { COLLECTION_NAMES } from './collections.ts'
import { backupsOf } from './policy.ts'
import { problemsOf } from './problems.ts'
import { restoreBackup } from './restore.ts'

const HOUR_MS = 3_600_000

/**
 * Restores the newest backup of a folder into an empty database that `migrate` has prepared, and says in one line that all is right, or in a line for
 * each problem what is not. `hours`: how old the newest backup, and in it the newest version, may be. Throws when there is no
 * full backup, when a file is damaged, or when the database has documents already.
 */
export async function drill(db: Db, folder: string, hours: number, begun = new Date()): Promise<Printed> {
  await assertEmpty(db)
  const { files, added } = await restoreBackup(db, folder, begun)
  const [newest] = backupsOf([files.at(-1)!])
  const oldest = (time: Date) => new Date(time.getTime() - hours * HOUR_MS)
  const problems: string[] = []
  if (newest!.begun < oldest(begun))
    problems.push(`the newest backup is of ${newest!.begun.toISOString()}, more than ${hours} hours ago`)
  problems.push(
    ...(await lost(
      db,
      files.map((name) => join(folder, name)),
    )),
  )
  problems.push(...(await problemsOf(db, oldest(newest!.begun))))
  if (problems.length > 0) return { lines: problems.map((problem) => `version: ${problem}`), isFailure: true }
  const documents = Object.values(added).reduce((sum, count) => sum + count, 0)
  const seconds = Math.round((Date.now() - begun.getTime()) / 1000)
  const read = `${documents} documents of ${files.length} files, the newest of ${newest!.begun.toISOString()}`
  return { lines: [`version: restored and right, ${read}, ${seconds} s`] }
}

// What is there already would be taken for restored, and a drill on the service's own database would fill it.
async function assertEmpty(db: Db) {
  for (const name of COLLECTION_NAMES) {
    if (await db.collection(name).findOne({}, { projection: { _id: 1 } }))
      throw new Error(
        `the database ${db.databaseName} has ${name} already: give the drill an empty database of its own`,
      )
  }
}

/** Documents of the backups that the database did not take: those that a unique index holds for others. */
async function lost(db: Db, paths: string[]): Promise<string[]> {
  const missing = new Map<string, number>()
  for await (const { collection, documents } of batchesOf(paths)) {
    const ids = documents.map(({ _id }) => _id as never)
    const there = await db.collection(collection).countDocuments({ _id: { $in: ids } })
    if (there < ids.length) missing.set(collection, (missing.get(collection) ?? 0) + ids.length - there)
  }
  return [...missing].map(([name, count]) => `${count} documents of ${name} could not be stored beside others`)
}
