import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type Db, UUID } from 'mongodb'
import { createLogger } from '#chassis/logger.ts'
import { type TestMongo, testMongo } from '#chassis/testing/mongo.ts'
import { testConfig } from '#chassis/testing/service.ts'
import { versionService } from '../service.ts'
import { makeBackup } from '../backup/make.ts'
import { restoreBackup } from '../backup/restore.ts'
import { NO_AUDITS } from '../db/waiting-audits.ts'
import { AUTHOR, startVersionService, type VersionTest } from './harness.ts'

let source: VersionTest
let target: TestMongo
let folder: string

beforeAll(async () => {
  source = await startVersionService()
})

afterAll(() => source.stop())

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'version-backup-'))
  target = await testMongo()
  await versionService.store.migrate(testConfig(versionService, target.env), createLogger('version', 'silent'))
})

afterEach(async () => {
  await target.drop()
  rmSync(folder, { recursive: true })
})

const NAMES = ['erased_users', 'label_changes', 'label_gates', 'prompt_versions']

/**
 * Everything that a database has: documents and indexes. Entries of the audit log that wait to be published are left out: they leave the service's own
 * database meanwhile, and one that is restored is published again by the same id.
 */
async function stateOf(db: Db) {
  const state: Record<string, unknown> = {}
  for (const name of NAMES) {
    const documents = await db.collection(name).find({}, { projection: NO_AUDITS }).sort({ _id: 1 }).toArray()
    state[name] = { documents, indexes: await db.collection(name).indexes() }
  }
  return state
}

const db = () => source.service.context.orm.em.getConnection().getDb()
const backup = (kind: string) => source.service.commands['backup']!([kind, folder])

const label = (promptId: string, version: number) =>
  source.labels.setLabel({ promptId, label: 'production', version }, { token: source.owner.token })

test('an empty server gets all documents and indexes from a full backup and the incremental ones since', async () => {
  const promptId = await source.store([1, 2, 3])
  await label(promptId, 1)
  await setGate(promptId, 'removed-later')
  await backup('full')
  await source.store([1])
  await label(promptId, 2)
  await backup('incremental')
  await db().collection('label_gates').deleteMany({ label: 'removed-later' })
  await setGate(promptId, 'production')
  await source.store([1, 2])
  await backup('incremental')
  const wanted = await stateOf(db())

  const { files, added } = await restoreBackup(target.db, folder)
  expect(files).toHaveLength(3)
  expect(await stateOf(target.db)).toEqual(wanted)
  expect(added['prompt_versions']).toBe(await source.documents.countDocuments())

  // A second time changes nothing.
  expect((await restoreBackup(target.db, folder)).added).toEqual(Object.fromEntries(NAMES.map((name) => [name, 0])))
  expect(await stateOf(target.db)).toEqual(wanted)
})

test('what was acknowledged before a backup began is in it, while others write', async () => {
  const acknowledged = new Set<string>()
  let isWriting = true
  const writer = (async () => {
    while (isWriting) acknowledged.add(await source.store([1, 2]))
  })()
  const before: Set<string>[] = []
  for (const kind of ['full', 'incremental', 'incremental']) {
    before.push(new Set(acknowledged))
    await backup(kind)
  }
  isWriting = false
  await writer
  await restoreBackup(target.db, folder)
  const restored = new Set((await target.db.collection('prompt_versions').distinct('promptId')).map(String))
  expect([...before.at(-1)!].filter((id) => !restored.has(id))).toEqual([])
  // What was written meanwhile comes with the next one.
  await backup('incremental')
  await restoreBackup(target.db, folder)
  expect(await stateOf(target.db)).toEqual(await stateOf(db()))
})

test('the state of an earlier time is restored, and no name of a user who was erased since', async () => {
  const early = await source.store([1])
  await makeBackup(db(), folder, 'full', new Date('2026-11-20T01:30:00Z'))
  const late = await source.store([1])
  await makeBackup(db(), folder, 'incremental', new Date('2026-11-20T02:00:00Z'))
  await target.db.collection('erased_users').insertOne({ _id: new UUID(AUTHOR.userId) as never })
  const { files } = await restoreBackup(target.db, folder, new Date('2026-11-20T01:59:00Z'))
  expect(files).toEqual(['20261120T013000.000Z-full.ndjson.gz'])
  const found = (promptId: string) => target.db.collection('prompt_versions').findOne({ promptId: new UUID(promptId) })
  expect(await found(early)).toMatchObject({ username: 'deleted user' })
  expect(await found(late)).toBeNull()
})

test('an incremental backup has the versions that came since the one before it', async () => {
  await source.store([1, 2, 3])
  // A version may be stored up to an hour after its id was made.
  const later = new Date(Date.now() + 2 * 3_600_000)
  const { documents: all } = await makeBackup(db(), folder, 'full', later)
  const { documents } = await makeBackup(db(), folder, 'incremental', new Date(later.getTime() + 1))
  const [gates, erased] = await Promise.all(
    ['label_gates', 'erased_users'].map((name) => db().collection(name).countDocuments()),
  )
  expect(documents).toBe(gates! + erased!)
  expect(all).toBeGreaterThanOrEqual(documents + 3)
})

test('30 days are kept', async () => {
  for (const day of ['01', '02']) {
    await makeBackup(db(), folder, 'full', new Date(`2026-10-${day}T01:30:00Z`))
    await makeBackup(db(), folder, 'incremental', new Date(`2026-10-${day}T02:00:00Z`))
  }
  const { deleted } = await makeBackup(db(), folder, 'full', new Date('2026-11-01T01:30:00Z'))
  expect(deleted).toEqual(['20261001T013000.000Z-full.ndjson.gz', '20261001T020000.000Z-incremental.ndjson.gz'])
  expect(readdirSync(folder)).toHaveLength(3)
})

test('a damaged file, a missing full backup, a database without indexes and a wrong command are one sentence each, and nothing is restored', async () => {
  await expect(backup('incremental')).rejects.toThrow(`${folder} has no backup to build on: make a full one first`)
  await expect(restoreBackup(target.db, folder)).rejects.toThrow(`${folder} has no full backup from before`)
  await source.store([1, 2, 3])
  await backup('full')
  await backup('incremental')
  const newest = join(folder, readdirSync(folder).toSorted().at(-1)!)
  const whole = readFileSync(newest)
  truncateSync(newest, statSync(newest).size - 30)
  await expect(restoreBackup(target.db, folder)).rejects.toThrow(/^the backup .* is damaged: .*; use another one$/)
  const flipped = Buffer.from(whole)
  flipped[Math.floor(whole.length / 2)]! ^= 0xff
  writeFileSync(newest, flipped)
  await expect(restoreBackup(target.db, folder)).rejects.toThrow(/^the backup .* is damaged: .*; use another one$/)
  expect(await target.db.collection('prompt_versions').countDocuments()).toBe(0)
  writeFileSync(newest, whole)
  await target.db.collection('label_gates').drop()
  await expect(restoreBackup(target.db, folder)).rejects.toThrow(
    'the database lacks label_gates: run the command migrate first',
  )
  await expect(async () => source.service.commands['backup']!(['fulll', folder])).rejects.toThrow(
    'backup needs its kind and a folder',
  )
  await expect(async () => source.service.commands['restore']!([folder, 'noon'])).rejects.toThrow(
    'restore needs a folder',
  )
})

const setGate = (promptId: string, name: string) =>
  db()
    .collection('label_gates')
    .insertOne({
      promptId: new UUID(promptId),
      label: name,
      suiteId: new UUID(),
      userId: new UUID(),
      setAt: new Date(),
    })
