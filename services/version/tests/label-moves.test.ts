import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createLogger } from '#chassis/logger.ts'
import { type TestMongo, testMongo } from '#chassis/testing/mongo.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { testConfig } from '#chassis/testing/service.ts'
import { type TcpProxy, startTcpProxy } from '#chassis/testing/tcp-proxy.ts'
import { EVENTS } from '#contracts/events.ts'
import type { LabelChange } from '#contracts/gen/promptforge/version/v1/label.ts'
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
let repeats = 0

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

/**
 * Calls again while the answer is to come again: a development store opens its connections slowly, and is shared by all tests. What
 * was not answered may have been done, so `repeats` are counted.
 */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      const { code } = await rejection(Promise.reject(error as Error))
      if (code !== status.UNAVAILABLE && code !== status.DEADLINE_EXCEEDED) throw error
      repeats += 1
    }
  }
}

const set = async (replica: VersionTest, label: string, version: number, expectedSeq?: number) => {
  const request = { promptId, label, version, expectedSeq }
  return (await patiently(() => replica.labels.setLabel(request, { ...replica.owner, timeoutMs: 60_000 }))).label!
}

const get = (replica: VersionTest, label: string) =>
  patiently(() => replica.labels.getLabel({ promptId, label }, { timeoutMs: 60_000 }))

/** All changes, the oldest first. */
async function history(label: string) {
  const changes: LabelChange[] = []
  let pageToken = ''
  do {
    const request = { promptId, label, pageSize: 100, pageToken }
    const page = await patiently(() => connected.labels.listLabelChanges(request, { timeoutMs: 60_000 }))
    changes.push(...page.changes)
    pageToken = page.nextPageToken
  } while (pageToken)
  return changes.toReversed()
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
    if (label!.seq < floor || version!.version !== label!.version) stale.push(`${label!.seq} after ${floor}`)
    return label!
  }
  await set(connected, 'production', 1)
  answered = 1
  const readers = [0, 1, 2, 3].map(async (index) => {
    while (!isOver) await read(replicaOf(index))
  })
  for (let move = 2; move <= VERSIONS; move += 1) {
    answered = (await set(replicaOf(move), 'production', move)).seq
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

test('of a hundred who move a label at once each makes a change, one after another without a hole, and the last one stands', async () => {
  const before = repeats
  const answers = await Promise.all(
    Array.from({ length: VERSIONS }, (_, index) => set(replicaOf(index), 'racing', index + 1)),
  )
  const changes = await history('racing')
  expect(changes.map(({ seq }) => seq)).toEqual(changes.map((_, index) => index + 1))
  expect(changes.map(({ from }) => from)).toEqual([undefined, ...changes.slice(0, -1).map(({ to }) => to)])
  expect(new Set(answers.map(({ seq }) => seq)).size).toBe(VERSIONS)
  for (const { seq, version } of answers) expect(changes[seq - 1]).toMatchObject({ to: version })
  expect(changes.length - VERSIONS).toBeLessThanOrEqual(repeats - before)
  for (const replica of replicas) {
    expect((await get(replica, 'racing')).label).toMatchObject({ seq: changes.length, version: changes.at(-1)!.to })
  }
})

test('of many who expect the same change to be the newest, one moves the label, and the others hear ABORTED', async () => {
  const { seq } = await set(connected, 'guarded', 1)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => set(replicaOf(index), 'guarded', index + 2, seq)),
  )
  const won = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  expect(won).toHaveLength(1)
  expect((await get(cutOff, 'guarded')).label).toEqual(won[0]!.value)
  for (const outcome of outcomes.filter((one) => one.status === 'rejected')) {
    expect(await rejection(Promise.reject(outcome.reason as Error))).toMatchObject({
      code: status.ABORTED,
      reason: 'LABEL_MOVED',
      metadata: { seq: '2' },
    })
  }
  expect(await history('guarded')).toHaveLength(2)
})
