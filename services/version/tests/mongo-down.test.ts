import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { toAppError } from '#chassis/grpc/status.ts'
import { readHealth } from '#chassis/testing/health.ts'
import { testMongo } from '#chassis/testing/mongo.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { testConfig } from '#chassis/testing/service.ts'
import { createLogger } from '#chassis/logger.ts'
import { until } from '#chassis/testing/until.ts'
import { type Mongo, startMongo } from '../../dev-env/infra/mongo.ts'
import { PromptVersion } from '../db/prompt-version.entity.ts'
import { versionService } from '../service.ts'
import { type Broker, startBroker } from './broker.ts'
import { startVersionService, type VersionTest } from './harness.ts'

const dataDir = join(process.env['PF_TEST_FOLDER']!, `mongo-${randomUUID().slice(0, 8)}`)
let mongo: Mongo
let broker: Broker
let service: VersionTest

beforeAll(async () => {
  ;[mongo, broker] = await Promise.all([startMongo({ dataDir, port: 0 }), startBroker()])
  const database = await testMongo(mongo.url)
  await versionService.store.migrate(testConfig(versionService, database.env), createLogger('test', 'silent'))
  service = await startVersionService({ database, env: { PF_NATS_URL: broker.url } })
})
afterAll(async () => {
  await service.stop()
  await service.database.drop()
  await broker.stop()
  await mongo.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

test('while MongoDB is down readers hear UNAVAILABLE and the service is not ready; afterwards all versions arrive', async () => {
  const promptId = await service.store([1])
  service.readable.set(promptId, [{ from: 1, to: 41 }])
  await until('the service to be ready', async () => (await readHealth(service.healthTarget, 'version')) === 'SERVING')

  mongo.signal('SIGKILL')
  const get = (version: number) => service.versions.getVersion({ promptId, version }, { timeoutMs: 20_000 })
  expect(await rejection(get(1))).toMatchObject({ code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' })
  const list = service.versions.listVersions({ promptId, pageSize: 0, pageToken: '', view: 0 }, { timeoutMs: 20_000 })
  expect(await rejection(list)).toMatchObject({ code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' })
  await until(
    'the service to be not ready',
    async () => (await readHealth(service.healthTarget, 'version')) === 'NOT_SERVING',
  )
  for (let version = 41; version > 1; version -= 1) await broker.publish(promptId, version)

  await mongo.restart('kill')
  await until('all versions to arrive', async () => (await service.documents.countDocuments()) === 41)
  await until('all to be told', async () => (await broker.messages('PF_VERSION')).length === 41)
  await until(
    'the service to be ready again',
    async () => (await readHealth(service.healthTarget, 'version')) === 'SERVING',
  )
  expect((await get(1)).version!.content).toBe('Content 1')
  expect((await get(41)).version!.content).toBe('Content 41')
  expect(await broker.messages('PF_DEAD_LETTER')).toHaveLength(0)
})

test('what an EntityManager fails with is known for what it is', async () => {
  const { orm } = service.service.context
  await orm.em.getConnection().getClient().close()
  const failure = await orm.em.fork().findOne(PromptVersion, { promptId: randomUUID() }).catch(toAppError)
  expect(failure).toMatchObject({ reason: 'DEPENDENCY_UNAVAILABLE' })
})
