import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createLogger } from '#chassis/logger.ts'
import { type TestMongo, testMongo } from '#chassis/testing/mongo.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { testConfig } from '#chassis/testing/service.ts'
import { type TcpProxy, startTcpProxy } from '#chassis/testing/tcp-proxy.ts'
import { EVENTS } from '#contracts/events.ts'
import type { Label } from '#contracts/gen/promptforge/version/v1/label.ts'
import { VersionCreated } from '#contracts/gen/promptforge/version/v1/version_events.ts'
import { versionService } from '../service.ts'
import { type Broker, startBroker } from './broker.ts'
import { startVersionService, type VersionTest } from './harness.ts'

let broker: Broker
let database: TestMongo
let network: TcpProxy
let connected: VersionTest
let cutOff: VersionTest
let replicas: VersionTest[]
let promptId: string

const VERSIONS = 100

beforeAll(async () => {
  ;[broker, database] = await Promise.all([startBroker(), testMongo()])
  await versionService.store.migrate(testConfig(versionService, database.env), createLogger('test', 'silent'))
  network = await startTcpProxy(broker.url)
  const start = (url: string) => startVersionService({ database, env: { PF_NATS_URL: url, PF_LOG_LEVEL: 'silent' } })
  replicas = [connected, cutOff] = [await start(broker.url), await start(network.url)]
  const versions = Array.from({ length: VERSIONS }, (_, index) => index + 1)
  promptId = await connected.store(versions)
  cutOff.readable.set(promptId, [{ from: 1, to: VERSIONS }])
})
afterAll(async () => {
  network.close()
  for (const replica of replicas) await replica.stop()
  await broker.stop()
  await database.drop()
})

const replicaOf = (index: number) => replicas[index % replicas.length]!

const set = (replica: VersionTest, label: string, version: number, expectedSeq?: number) =>
  replica.labels.setLabel({ promptId, label, version, expectedSeq }, { ...replica.owner, timeoutMs: 60_000 })
const get = async (replica: VersionTest, label: string) =>
  (await replica.labels.getLabel({ promptId, label, knownHash: undefined }, { timeoutMs: 60_000 })) as {
    label: Label
    version: { version: number; content: string }
  }

async function history(label: string) {
  const request = { promptId, label, pageSize: 100, pageToken: '' }
  return (await connected.labels.listLabelChanges(request, { timeoutMs: 60_000 })).changes
}

test('a label is moved a hundred times under load, and every read after a move’s answer sees it, on every replica, also on one without NATS', async () => {
  network.swallow()
  let answered = 0
  let isOver = false
  const stale: string[] = []
  let reads = 0
  const read = async (replica: VersionTest) => {
    const floor = answered
    const { label, version } = await get(replica, 'production')
    reads += 1
    if (label.seq < floor || version.version !== label.version) stale.push(`${label.seq} after ${floor}`)
    return label
  }
  await set(connected, 'production', 1)
  answered = 1
  const readers = [0, 1, 2, 3, 4, 5].map(async (index) => {
    while (!isOver) await read(replicaOf(index))
  })
  for (let move = 2; move <= VERSIONS; move += 1) {
    answered = (await set(replicaOf(move), 'production', move)).label!.seq
    expect(answered).toBe(move)
    const seen = await Promise.all(replicas.map(read))
    expect(seen.map(({ version }) => version)).toEqual([move, move])
  }
  isOver = true
  await Promise.all(readers)
  expect(stale).toEqual([])
  expect(reads).toBeGreaterThan(3 * VERSIONS)
  const message = VersionCreated.fromPartial({ version: 1 })
  await expect(cutOff.service.context.publish(EVENTS.versionCreated, [{ id: 'x', message }])).rejects.toMatchObject({
    code: status.UNAVAILABLE,
  })

  await connected.labels.removeLabel({ promptId, label: 'production' }, connected.owner)
  for (const replica of replicas) {
    expect(await rejection(get(replica, 'production'))).toMatchObject({ code: status.NOT_FOUND })
  }
})

// A pool opens a few connections at a time, and who waits longer than a second for one hears that the database does not answer.
async function openConnections() {
  for (let count = 2; count <= 20; count += 2) {
    await Promise.all(replicas.flatMap((replica) => Array.from({ length: count }, () => get(replica, 'latest'))))
  }
}

test('of a hundred who move a label at once each makes one change, one after another without a hole, and the last one stands', async () => {
  await openConnections()
  const answers = await Promise.all(
    Array.from({ length: VERSIONS }, async (_, index) => (await set(replicaOf(index), 'racing', index + 1)).label!),
  )
  const inOrder = answers.toSorted((a, b) => a.seq - b.seq)
  expect(inOrder.map(({ seq }) => seq)).toEqual(Array.from({ length: VERSIONS }, (_, index) => index + 1))
  const changes = (await history('racing')).toReversed()
  expect(changes.map(({ seq, from, to }) => [seq, from, to])).toEqual(
    inOrder.map(({ seq, version }, index) => [seq, inOrder[index - 1]?.version, version]),
  )
  for (const replica of replicas) expect((await get(replica, 'racing')).label).toEqual(inOrder.at(-1))
})

test('of many who expect the same change to be the newest, one moves the label, and the others hear ABORTED', async () => {
  const { label } = await set(connected, 'guarded', 1)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 40 }, (_, index) => set(replicaOf(index), 'guarded', index + 2, label!.seq)),
  )
  const won = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  expect(won).toHaveLength(1)
  expect((await get(cutOff, 'guarded')).label).toEqual(won[0]!.value.label)
  for (const outcome of outcomes.filter((one) => one.status === 'rejected')) {
    expect(await rejection(Promise.reject(outcome.reason as Error))).toMatchObject({
      code: status.ABORTED,
      reason: 'LABEL_MOVED',
      metadata: { seq: '2' },
    })
  }
  expect(await history('guarded')).toHaveLength(2)
})
