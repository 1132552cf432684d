import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { jetstream } from '@nats-io/jetstream'
import { v7 } from 'uuid'
import { until } from '#chassis/testing/until.ts'
import { type EventDefinition, EVENTS, STREAMS } from '#contracts/events.ts'
import { PromptContentChanged } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import { newLedger } from '../../../scripts/chaos/ledger.ts'
import { applyCatalogue } from '../../broker/apply.ts'
import { DEPLOY } from '../../broker/broker.ts'
import { LANES } from '../providers.ts'
import { runCommand } from './command.ts'
import { contentsOf } from './contents.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { disagreements } from './recount.ts'
import { writePrompt } from './writer.ts'

const ledger = newLedger()
let network: TestNetwork
let ann: SignedIn

beforeAll(async () => {
  network = await startTestNetwork()
  ann = await network.signUp()
})
afterAll(() => network.stop())
beforeEach(() => network.broker.manager.streams.purge('PF_DEAD_LETTER'))

/** Publishes past the services, as a relay would that has gone wrong. */
async function publish({ subject }: EventDefinition<any>, data: Uint8Array): Promise<string> {
  const id = v7()
  await jetstream(network.broker.connection).publish(subject, data, { msgID: id })
  return id
}

test('what cannot be an event goes to the dead letters, and those behind it flow on', async () => {
  const promptId = await writePrompt(network, ann, ledger)
  await network.processAll()
  const garbage = Buffer.from([0x0a, 0xff, 0xff])
  const another = PromptContentChanged.fromPartial({
    metadata: { aggregateId: promptId, aggregateRevision: 2n, occurredAt: new Date() },
    actor: { userId: ann.id, username: ann.username },
    version: 2,
    content: 'a secret that nobody wrote',
  })
  const poison = [
    await publish(EVENTS.promptCreated, garbage),
    await publish(EVENTS.versionCreated, garbage),
    await publish(EVENTS.promptContentChanged, garbage),
    await publish(EVENTS.promptContentChanged, PromptContentChanged.encode(another).finish()),
  ]
  for (let count = 0; count < 5; count++) await writePrompt(network, ann, ledger)
  expect(await disagreements(network, ledger)).toEqual([])

  const letters = await deadLetters()
  expect(letters.map(({ id }) => id).toSorted()).toEqual(poison)
  expect(Object.groupBy(letters, ({ reason }) => reason)).toMatchObject({
    'its bytes are not a message of its subject': { length: 3 },
    [`version 2 of the prompt ${promptId} is there, and holds something else`]: [{ id: poison[3], text: '' }],
  })
})

test('every event delivered twenty times is counted once', async () => {
  for (let count = 0; count < 5; count++) await writePrompt(network, ann, ledger)
  await network.processAll()
  const before = await known()
  const { messages } = (await network.broker.manager.streams.info('PF_PROMPT')).state
  for (let time = 1; time < 20; time++) expect(await redeliver()).toBeGreaterThan(2 * messages)
  expect(await known()).toEqual(before)
  expect(await disagreements(network, ledger)).toEqual([])
})

test('outboxes that publish everything again, to a JetStream that has lost it all, change nothing', async () => {
  await network.processAll()
  const before = await known()
  const { streams } = network.broker.manager
  for (const stream of Object.keys(STREAMS)) await streams.delete(stream)
  const certificates = join(network.certificates, DEPLOY, 'current')
  await applyCatalogue({ url: network.broker.url, certificates, replicas: 1, lanes: LANES })

  const replayed = await Promise.all(['user', 'prompt', 'version'].map(replay))
  await network.processAll()
  const stored = await Promise.all(Object.keys(STREAMS).map(async (name) => (await streams.info(name)).state.messages))
  expect(stored.reduce((sum, count) => sum + count)).toBe(replayed.reduce((sum, count) => sum + count))
  expect(await known()).toEqual(before)
  expect(await disagreements(network, ledger)).toEqual([])
})

/** All that services keep of each other's events: byte for byte, but for what their outboxes keep for themselves. */
const known = async () =>
  Object.fromEntries(Object.entries(await contentsOf(network)).filter(([name]) => !name.endsWith('.outbox')))

/** Makes every consumer anew, and waits until it has handled its stream from the beginning; answers with how many deliveries that took. */
async function redeliver(): Promise<number> {
  const { consumers } = network.broker.manager
  const all = await Promise.all(Object.keys(STREAMS).map((stream) => consumers.list(stream).next()))
  const deliveries = await Promise.all(
    all.flat().map(async ({ stream_name: stream, name, config }) => {
      await consumers.delete(stream, name)
      await consumers.add(stream, config)
      const { delivered } = await until('everything to be handled again', async () => {
        const info = await consumers.info(stream, name)
        return info.num_pending + info.num_ack_pending === 0 && info
      })
      return delivered.consumer_seq
    }),
  )
  return deliveries.reduce((sum, count) => sum + count)
}

/** Runs the service's own command as a person does, for all that it ever told; answers with how much that was. */
async function replay(service: string): Promise<number> {
  const lines = await runCommand(network, service, 'replay', '2026-01-01T00:00:00Z')
  return lines.at(-1)!['replayed'] as number
}

async function deadLetters() {
  const letters = await network.broker.messages('PF_DEAD_LETTER')
  return letters.map(({ header, data }) => ({
    id: header.get('Pf-Event-Id'),
    reason: header.get('Pf-Reason'),
    text: Buffer.from(data).toString(),
  }))
}
