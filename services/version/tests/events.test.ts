import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { type Broker, startBroker } from './broker.ts'
import { startVersionService, type VersionTest, WRITTEN_AT } from './harness.ts'

let broker: Broker
let service: VersionTest

beforeAll(async () => {
  broker = await startBroker()
  service = await startVersionService({ env: { PF_NATS_URL: broker.url } })
})
afterAll(async () => {
  await service.stop()
  await broker.stop()
})
afterEach(async () => {
  await service.documents.deleteMany({})
  for (const stream of ['PF_PROMPT_CONTENT', 'PF_VERSION', 'PF_DEAD_LETTER']) await broker.manager.streams.purge(stream)
})

test('each version is stored, whatever the order, and published once', async () => {
  const prompts = Array.from({ length: 8 }, () => v7())
  const events = prompts.flatMap((promptId) => [1, 2, 3, 4, 5].map((version) => ({ promptId, version })))
  const shuffled = events
    .map((event, index) => ({ event, key: (index * 17) % events.length }))
    .sort((a, b) => a.key - b.key)
  for (const { event } of shuffled) await broker.publish(event.promptId, event.version)
  await broker.handled()

  const documents = await service.documents.find().toArray()
  const stored = documents.map(({ promptId, version }) => `${promptId.toString()} ${version}`)
  expect(stored.toSorted()).toEqual(events.map(({ promptId, version }) => `${promptId} ${version}`).toSorted())
  const created = await broker.created()
  expect(created.map(({ id }) => id).toSorted()).toEqual(
    documents.map(({ versionId }) => versionId.toString()).toSorted(),
  )
  for (const { version, metadata, title } of created) {
    expect(metadata).toMatchObject({ aggregateRevision: BigInt(version), occurredAt: WRITTEN_AT })
    expect(title).toBe('A title')
  }
})

test('an event that comes twenty times changes nothing', async () => {
  const promptId = v7()
  for (let time = 0; time < 20; time += 1) await broker.publish(promptId, 1)
  await broker.handled()
  expect(await service.documents.countDocuments()).toBe(1)
  expect(await broker.created()).toHaveLength(1)
  expect(await broker.messages('PF_DEAD_LETTER')).toHaveLength(0)
})

test('what cannot be stored goes to the dead letters without its content, and those behind it flow on', async () => {
  const promptId = v7()
  await broker.publish(promptId, 1)
  await broker.handled()
  await service.silenced(async () => {
    await broker.publish(promptId, 1, { content: 'another secret' })
    await broker.send(Buffer.from('no message'))
    await broker.publish(promptId, 2, { actor: undefined })
    await broker.publish(promptId, 3)
    await broker.handled()
  })

  const stored = await service.documents.find().sort({ version: 1 }).toArray()
  expect(stored.map(({ version }) => version)).toEqual([1, 3])
  const letters = await broker.messages('PF_DEAD_LETTER')
  expect(letters.map(({ header }) => header.get('Pf-Reason')).toSorted()).toEqual([
    'it does not say of which prompt it is a version, by whom or when',
    'its bytes are not a message of its subject',
    `version 1 of the prompt ${promptId} is there, and holds something else`,
  ])
  for (const { data } of letters) expect(data).toHaveLength(0)
})

test('a version that is being waited for is answered when its event comes', async () => {
  const promptId = v7()
  service.readable.set(promptId, [{ from: 1, to: 1 }])
  const answer = service.versions.getVersion({ promptId, version: 1 }, { timeoutMs: 10_000 })
  await broker.publish(promptId, 1)
  expect((await answer).version!.content).toBe('Content 1')
})
