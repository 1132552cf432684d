import { execFile } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type Db, UUID } from 'mongodb'
import { parseAllDocuments } from 'yaml'
import type { Printed } from '#chassis/define-service.ts'
import { createLogger } from '#chassis/logger.ts'
import { type TestMongo, testMongo } from '#chassis/testing/mongo.ts'
import { testConfig } from '#chassis/testing/service.ts'
import { drill } from '../backup/drill.ts'
import { writeBackup } from '../backup/file.ts'
import { makeBackup } from '../backup/make.ts'
import { nameOf } from '../backup/policy.ts'
import { versionService } from '../service.ts'
import { startVersionService, type VersionTest } from './harness.ts'

const MANIFEST = join(import.meta.dirname, '../../../k8s/production/version-restore-drill.yaml')

const HOUR_MS = 3_600_000

let source: VersionTest
let target: TestMongo
let folder: string
let promptId: string

beforeAll(async () => {
  source = await startVersionService()
  promptId = await store([1, 2, 3])
  await source.labels.setLabel({ promptId, label: 'production', version: 2 }, { token: source.owner.token })
})

afterAll(() => source.stop())

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'version-drill-'))
  target = await testMongo()
})

afterEach(async () => {
  await target.drop()
  rmSync(folder, { recursive: true })
})

/** Stores versions that were written now. */
async function store(versions: number[]): Promise<string> {
  const id = await source.store(versions)
  await source.documents.updateMany({ promptId: new UUID(id) }, { $set: { createdAt: new Date() } })
  return id
}

const backup = (kind: 'full' | 'incremental', begun?: Date) =>
  makeBackup(source.service.context.orm.em.getConnection().getDb(), folder, kind, begun)

/** Drills past the command: migrates an empty database, and restores into it. `spoil` may change it before. */
async function drilled({
  begun,
  spoil,
}: { begun?: Date; spoil?: (db: Db) => Promise<unknown> } = {}): Promise<Printed> {
  const [config, log] = [testConfig(versionService, target.env), createLogger('version', 'silent')]
  await target.db.dropDatabase()
  await versionService.store.migrate(config, log)
  await spoil?.(target.db)
  const { orm, close } = await versionService.store.open(config, log, () => undefined)
  try {
    return await drill(orm.em.getConnection().getDb(), folder, 26, begun)
  } finally {
    await close()
  }
}

type Container = { name: string; workingDir?: string; args: string[]; env: { name: string; value: string }[] }
type CronJob = { jobTemplate: { spec: { template: { spec: Record<'initContainers' | 'containers', Container[]> } } } }

/** Runs those containers of the CronJob that are the service's, one after another, as Kubernetes does; the folder is what it mounts. */
async function runCronJob() {
  const manifests = parseAllDocuments(readFileSync(MANIFEST, 'utf8')).map((document) => document.toJS())
  const of = <T>(kind: string) => manifests.find((manifest) => manifest.kind === kind) as T
  const { data } = of<{ data: Record<string, string> }>('ConfigMap')
  const certificates = join(folder, 'certificates')
  mkdirSync(certificates)
  for (const [name, text] of Object.entries(data)) writeFileSync(join(certificates, name), text)
  const pod = of<{ spec: CronJob }>('CronJob').spec.jobTemplate.spec.template.spec
  const ours = [...pod.initContainers, ...pod.containers].filter(({ workingDir }) => workingDir)
  let last = { code: 0, said: '' }
  for (const { args, env, workingDir } of ours) {
    const given = Object.fromEntries(env.map(({ name, value }) => [name, value]))
    last = await run(
      join(import.meta.dirname, '../..', workingDir!.replace('/app/services', '')),
      args.map((arg) => (arg === '/backups' ? folder : arg)),
      { ...given, ...target.env, PF_CERTIFICATES: certificates },
    )
    if (last.code !== 0) break
  }
  return { ran: ours.map(({ name }) => name), ...last }
}

async function run(cwd: string, args: string[], given: Record<string, string>) {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const env = { PATH, NODE_COMPILE_CACHE, ...given }
  return promisify(execFile)(process.execPath, args, { cwd, env, timeout: 60_000 }).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, said: stdout }),
  )
}

test('the CronJob restores the newest backup into an empty database, and says in one line that it is right', async () => {
  await backup('full')
  await backup('incremental')
  const { ran, code, said } = await runCronJob()
  expect(ran).toEqual(['migrate', 'drill'])
  expect(said).toMatch(/^version: restored and right, \d+ documents of 2 files, the newest of \S+Z, \d+ s\n$/)
  expect(code).toBe(0)
  const restored = await target.db.collection('prompt_versions').find().toArray()
  expect(restored).toEqual(await source.documents.find().toArray())
})

test('the CronJob fails with one sentence when there is no backup', async () => {
  const { code, said } = await runCronJob()
  expect(code).toBe(1)
  expect(said).toContain(`${folder} has no full backup from before`)
})

test('a damaged file, and a database that has documents, are one sentence each', async () => {
  await backup('full')
  await expect(
    drilled({ spoil: (db) => db.collection('erased_users').insertOne({ _id: new UUID() as never }) }),
  ).rejects.toThrow(`the database ${target.name} has erased_users already: give the drill an empty database of its own`)
  const file = join(folder, readdirSync(folder)[0]!)
  truncateSync(file, statSync(file).size - 20)
  await expect(drilled()).rejects.toThrow(/^the backup .* is damaged: .*; use another one$/)
})

test('a version whose content was changed, and a label of one that is gone, are found', async () => {
  const { documents, changes } = source
  const [other, ours] = [{ promptId: new UUID(await store([1])) }, { promptId: new UUID(promptId) }]
  await documents.updateOne(other, { $set: { content: 'Something else' } })
  await changes.updateOne(ours, { $set: { version: 9 } })
  await backup('full')
  await changes.updateOne(ours, { $set: { version: 2 } })
  await documents.deleteOne(other)
  expect(await drilled()).toEqual({
    isFailure: true,
    lines: [
      `version: 1 versions have another content than their hash says; the first is version 1 of prompt ${other.promptId.toString()}`,
      `version: 1 versions are not there, and labels name or named them; the first is version 9 of prompt ${promptId}`,
    ],
  })
})

test('an old backup, and one in which no version is of the day before it, are found', async () => {
  await backup('full', new Date(Date.now() - 27 * HOUR_MS))
  expect(await drilled()).toEqual({
    isFailure: true,
    lines: [expect.stringMatching(/^version: the newest backup is of \S+Z, more than 26 hours ago$/)],
  })
  await backup('full', new Date(Date.now() + 27 * HOUR_MS))
  expect(await drilled({ begun: new Date(Date.now() + 28 * HOUR_MS) })).toEqual({
    isFailure: true,
    lines: [expect.stringMatching(/^version: the newest version is of \S+Z, and none is younger than \S+Z$/)],
  })
})

test('a missing index, documents that another one keeps out, and a backup without a version are found', async () => {
  await backup('full')
  const spoil = async (db: Db) => {
    await db.collection('prompt_versions').dropIndex('promptId_version')
    await db.collection('prompt_versions').createIndex({ title: 1 }, { unique: true })
  }
  expect((await drilled({ spoil })).lines).toEqual([
    'version: 2 documents of prompt_versions could not be stored beside others',
    'version: the index promptId_version of prompt_versions is missing or another',
    expect.stringContaining('versions are not there, and labels name or named them'),
  ])
  const begun = new Date()
  await writeBackup(join(folder, nameOf({ kind: 'full', begun })), (async function* () {})())
  expect((await drilled()).lines).toEqual(['version: there is no version'])
})
