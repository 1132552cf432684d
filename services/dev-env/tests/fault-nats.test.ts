import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { DiscardPolicy } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import { readMetric } from '#chassis/testing/metric.ts'
import { until } from '#chassis/testing/until.ts'
import { STREAMS } from '#contracts/events.ts'
import { newLedger } from '../../../scripts/chaos/ledger.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { startLoad } from './load.ts'
import { disagreements } from './recount.ts'
import { writePrompt } from './writer.ts'

const ledger = newLedger()
let network: TestNetwork
let ann: SignedIn

beforeAll(async () => {
  network = await startTestNetwork()
  ann = await network.signUp()
  await hastenRedelivery()
})
afterAll(() => network.stop())

const write = () => writePrompt(network, ann, ledger)

test('NATS is killed again and again under writes: no writer notices, no event is lost, and none is counted twice', async () => {
  const load = startLoad(write, 4)
  const moreWritten = (count: number) => {
    const before = load.count()
    return until('more to be written', () => load.count() >= before + count)
  }
  for (let death = 0; death < 4; death++) {
    await moreWritten(8)
    // More than are under way: some of them have begun without NATS.
    await network.broker.away(() => moreWritten(8), 'kill')
  }
  const { failures } = await load.stop()
  expect(failures).toEqual([])
  expect(await disagreements(network, ledger)).toEqual([])
})

test('a stream without room holds up nobody who writes: an alarm rises, the other streams flow, and all is counted once there is room', async () => {
  const { streams } = network.broker.manager
  const { config, state } = await streams.info('PF_PROMPT')
  await streams.update('PF_PROMPT', { discard: DiscardPolicy.New, max_bytes: state.bytes + 2000 })
  const ids: string[] = []
  for (let count = 0; count < 25; count++) ids.push(await write())
  // `prompt.created` and `prompt.updated` of each, of which a few found room.
  await until('the alarm to rise', async () => (await metric('outbox_waiting')) > 30)
  await until('the oldest to age', async () => (await metric('outbox_oldest_seconds')) > 0)
  await until('the last version to be there', async () => {
    return (await network.rest(`GET /v1/prompts/${ids.at(-1)}/versions/2`)).body.version.version === 2
  })
  expect(await metric('outbox_abandoned_total')).toBe(0)

  await streams.update('PF_PROMPT', { discard: config.discard, max_bytes: config.max_bytes })
  expect(await disagreements(network, ledger)).toEqual([])
  await until('the alarm to end', async () => (await metric('outbox_waiting')) === 0)
})

test.each([
  ['has expired', () => network.authority.issue('analytics', { fault: 'expired' })],
  ['NATS does not know', () => network.authority.issue('gateway', { folder: 'analytics' })],
])(
  'a service whose certificate %s is let in again with the next one, without a restart, and misses nothing',
  async (_, spoil) => {
    const counted = await metric('consumer_handled_total', 'analytics')
    const before = refusals()
    await spoil()
    // It is looked at when a connection is made.
    await network.broker.restart('kill')
    await write()
    await until('two refusals', () => refusals() >= before + 2)
    expect(await metric('consumer_handled_total', 'analytics')).toBe(counted)

    await network.authority.rotate('analytics')
    expect(await disagreements(network, ledger)).toEqual([])
  },
)

/** Lets what was lost on its way to a consumer, or its acknowledgement, come again after seconds, not half a minute. */
async function hastenRedelivery() {
  const { consumers } = network.broker.manager
  for (const stream of Object.keys(STREAMS)) {
    for await (const { name } of consumers.list(stream)) await consumers.update(stream, name, { ack_wait: nanos(3000) })
  }
}

/** How often NATS has refused somebody. */
const refusals = () =>
  network.broker.log().match(/TLS handshake error|[Aa]uthentication error|Authorization Violation/g)?.length ?? 0

const metric = (name: string, service = 'prompt') =>
  readMetric(`http://127.0.0.1:${network.services[service]!.ports.metrics}/metrics`, name)
