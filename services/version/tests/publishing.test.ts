import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { DiscardPolicy, jetstream } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import type { UUID } from 'mongodb'
import { v7 } from 'uuid'
import { unavailable } from '#chassis/errors.ts'
import type { Publish } from '#chassis/events/publisher.ts'
import { createLogger } from '#chassis/logger.ts'
import { type TestMongo, testMongo } from '#chassis/testing/mongo.ts'
import { testConfig } from '#chassis/testing/service.ts'
import { until } from '#chassis/testing/until.ts'
import { ListVersionsRequest_View as View } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Deps } from '../context.ts'
import { toDocument } from '../db/documents.ts'
import { publishUnpublished } from '../events/publish-unpublished.ts'
import { versionService } from '../service.ts'
import { newVersion } from '../version.ts'
import { type Broker, startBroker } from './broker.ts'
import { contentChanged, startVersionService, type VersionTest } from './harness.ts'

let broker: Broker
let database: TestMongo
const running: VersionTest[] = []

beforeAll(async () => {
  ;[broker, database] = await Promise.all([startBroker(), testMongo()])
  await versionService.store.migrate(testConfig(versionService, database.env), createLogger('test', 'silent'))
  // What was not acknowledged comes again after this.
  await broker.manager.consumers.update('PF_PROMPT_CONTENT', 'version', { ack_wait: nanos(1000) })
})
afterEach(async () => {
  for (const service of running.splice(0)) await service.stop()
  await database.db.collection('prompt_versions').deleteMany({})
  for (const stream of ['PF_PROMPT_CONTENT', 'PF_VERSION', 'PF_DEAD_LETTER']) await broker.manager.streams.purge(stream)
})
afterAll(async () => {
  await database.drop()
  await broker.stop()
})

/** One more replica. It ends after the test, and is silent, for tests take from it what it needs. */
async function startReplica(context: Partial<Deps> = {}) {
  const env = { PF_NATS_URL: broker.url, PF_LOG_LEVEL: 'silent' }
  const service = await startVersionService({ database, env, context })
  running.push(service)
  return service
}

/** Publishes the first versions of so many prompts; answers with the prompts' ids. */
async function write(count: number): Promise<string[]> {
  const prompts = Array.from({ length: count }, () => v7())
  await Promise.all(prompts.map((promptId) => broker.publish(promptId, 1)))
  return prompts.toSorted()
}

/** The prompts of whose versions was told, as often as it was. */
const toldOf = async () => (await broker.created()).map(({ metadata }) => metadata!.aggregateId).toSorted()

const storedCount = () => database.db.collection('prompt_versions').countDocuments()

describe('each version is told of once', () => {
  test('when a replica ends between storing it and publishing: the next one publishes', async () => {
    const { config } = await broker.manager.streams.info('PF_VERSION')
    await broker.manager.streams.update('PF_VERSION', { discard: DiscardPolicy.New, max_bytes: 1 })
    const first = await startReplica()
    const prompts = await write(40)
    await until('versions to be stored', async () => (await storedCount()) > 0)
    expect(await broker.created()).toEqual([])
    await first.service.destroy()

    await broker.manager.streams.update('PF_VERSION', { discard: config.discard, max_bytes: config.max_bytes })
    await startReplica()
    await broker.handled()
    expect(await toldOf()).toEqual(prompts)
    expect(await broker.messages('PF_DEAD_LETTER')).toEqual([])
  })

  test('when a replica ends between publishing and acknowledging: the next one publishes the same again', async () => {
    const js = jetstream(broker.connection)
    const publish: Publish = async ({ subject, message: type }, publications) => {
      for (const { id, message } of publications)
        await js.publish(subject, type.encode(message).finish(), { msgID: id })
      throw unavailable('NATS')
    }
    const first = await startReplica({ publish })
    const prompts = await write(40)
    await until('some to be published', async () => (await broker.created()).length > 0)
    await first.service.destroy()
    await startReplica()
    await broker.handled()
    expect(await toldOf()).toEqual(prompts)
  })

  test('when several replicas store it at once', async () => {
    await startReplica()
    await startReplica()
    const prompts = await write(200)
    await broker.handled()
    expect(await toldOf()).toEqual(prompts)
  })

  test('when NATS is killed again and again meanwhile', async () => {
    const prompts = await write(300)
    await startReplica()
    for (const count of [1, 100, 200]) {
      await until('versions to be stored', async () => (await storedCount()) >= count)
      await broker.restart('kill')
    }
    await broker.handled()
    expect(await toldOf()).toEqual(prompts)
    expect(await storedCount()).toBe(300)
    expect(await broker.messages('PF_DEAD_LETTER')).toEqual([])
  })
})

describe('replay', () => {
  /** JetStream without what it had, and without the ids that it knew. */
  async function loseVersions() {
    const { config } = await broker.manager.streams.info('PF_VERSION')
    await broker.manager.streams.delete('PF_VERSION')
    await broker.manager.streams.add(config)
  }

  const replay = (service: VersionTest, since: Date) => service.service.commands['replay']!([since.toISOString()])

  test('publishes again what was written since then, the same under the same ids', async () => {
    const service = await startReplica()
    const promptId = v7()
    const days = [1, 2, 3].map((day) => new Date(Date.UTC(2026, 10, day)))
    for (const [index, occurredAt] of days.entries()) {
      await broker.publish(promptId, index + 1, { metadata: { aggregateId: promptId, occurredAt } })
    }
    await broker.handled()
    const before = (await broker.created()).toSorted((a, b) => a.version - b.version)
    await loseVersions()

    expect(await replay(service, days[1]!)).toEqual({ replayed: 2 })
    expect(await broker.created()).toEqual(before.slice(1))
    expect(await replay(service, new Date(0))).toEqual({ replayed: 3 })
    expect((await broker.created()).toSorted((a, b) => a.version - b.version)).toEqual(before)
  })

  test('goes through all of many versions, and waits for a NATS that is away', async () => {
    const service = await startReplica()
    const documents = Array.from({ length: 1201 }, () => toDocument(newVersion(contentChanged(v7(), 1))!))
    await service.documents.insertMany(documents)
    let replaying: Promise<unknown> | undefined
    await broker.away(async () => void (replaying = replay(service, new Date(0))))
    expect(await replaying).toEqual({ replayed: 1201 })
    expect(await toldOf()).toEqual(documents.map(({ promptId }) => promptId.toString()).toSorted())
  })
})

describe('what an earlier release stored, and did not publish before it ended,', () => {
  const leases = () => database.db.collection<{ _id: string; holder: string; until: Date }>('leases')
  /** A version as that release stored it. */
  const stored = (mark: object) => ({ ...toDocument(newVersion(contentChanged(v7(), 1))!), ...mark })
  const idsOf = (documents: { versionId: UUID }[]) => documents.map(({ versionId }) => versionId.toString()).toSorted()

  test('is published when its relay has ended, once, and its collection of leases is dropped', async () => {
    const waiting = [stored({ publishedAt: null }), stored({ publishedAt: null, attempts: 2 }), stored({})]
    const settled = [stored({ publishedAt: new Date() }), stored({ publishedAt: null, abandonedAt: new Date() })]
    await database.db.collection('prompt_versions').insertMany([...waiting, ...settled])
    await leases().insertOne({ _id: 'relay', holder: 'an old replica', until: new Date(Date.now() + 60_000) })
    const service = await startReplica()
    const look = () => publishUnpublished(service.service.context).run(new AbortController().signal, undefined as never)
    await look()
    expect(await broker.created()).toEqual([])

    await leases().updateOne({ _id: 'relay' }, { $set: { until: new Date(Date.now() - 1) } })
    await Promise.all([look(), look()])
    expect((await broker.created()).map(({ id }) => id).toSorted()).toEqual(idsOf(waiting))
    expect(await database.db.listCollections({ name: 'leases' }).toArray()).toEqual([])
    await look()
    expect(await broker.created()).toHaveLength(waiting.length)
  })

  test('is published by the service itself, when it starts', async () => {
    const waiting = [stored({ publishedAt: null })]
    await database.db.collection('prompt_versions').insertMany(waiting)
    await database.db.createCollection('leases')
    await startReplica()
    await until('it to be published', async () => (await broker.created()).length === 1)
    expect((await broker.created()).map(({ id }) => id)).toEqual(idsOf(waiting))
  })

  test('can be read and listed as any other', async () => {
    const service = await startReplica()
    const document = stored({ publishedAt: new Date(), attempts: 1, abandonedAt: new Date() })
    await database.db.collection('prompt_versions').insertOne(document)
    const promptId = document.promptId.toString()
    service.readable.set(promptId, [{ from: 1, to: 1 }])
    const { version } = await service.versions.getVersion({ promptId, version: 1 })
    expect(version).toMatchObject({ promptId, content: 'Content 1' })
    const { versions } = await service.versions.listVersions({ promptId, pageSize: 0, pageToken: '', view: View.FULL })
    expect(versions).toEqual([version])
  })
})
