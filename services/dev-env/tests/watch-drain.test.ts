import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js'
import { Client as Postgres } from 'pg'
import { loadConfig } from '#chassis/config.ts'
import { createService, type Service } from '#chassis/define-service.ts'
import { createStub, type Stub } from '#chassis/grpc/client.ts'
import { until } from '#chassis/testing/until.ts'
import { loadContract } from '#contracts/contract.ts'
import { AnalyticsServiceService as Analytics } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { analyticsService } from '../../analytics/service.ts'
import { openEvents } from '../../gateway/tests/sse.ts'
import { type Gateway, startGateway } from '../gateway.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { type Said, saidOverGrpc } from './said.ts'

let network: TestNetwork
let admin: SignedIn
let gateway: Gateway
let replicas: Service<object>[]
let stored: Postgres

beforeAll(async () => {
  network = await startTestNetwork()
  admin = await network.signUpAdmin()
  await network.processAll()
  const { env, databaseUrl } = network.services['analytics']!
  stored = new Postgres({ connectionString: databaseUrl })
  await stored.connect()
  // A replica says NOT_SERVING and waits for the gateway to see that before it asks its streams to end, as in production.
  const config = loadConfig(analyticsService.config, { ...env, PF_DRAIN_SETTLE_MS: '2500', PF_DRAIN_GRACE_MS: '10000' })
  replicas = await Promise.all([1, 2].map(() => createService(analyticsService, config)))
  const ports = await Promise.all(replicas.map((replica) => replica.start()))
  gateway = await startGateway(
    { port: 0, adminPort: 0, rateLimitFactor: 1000, corsOrigins: [] },
    {
      ...network.place,
      state: join(network.place.state, 'replicas'),
      targets: { user: [network.services['user']!.ports.grpc], analytics: ports.map(({ grpc }) => grpc) },
    },
  )
})
afterAll(async () => {
  await gateway.stop()
  await Promise.all(replicas.map((replica) => replica.destroy()))
  await stored.end()
  await network.stop()
})

const REST_WATCHERS = 120
const GRPC_WATCHERS = 80

/** A watcher: its events in their order, the cursors that streams ended with, and how many of its streams have begun. */
type Watcher = { cursors: string[]; ends: string[]; begun: number; done: Promise<void> }

/** The service, or what it asks, is too busy to begin a stream: a client tries again. */
class Busy extends Error {}

/** Reads to the event `last`, and opens the stream again after each end, or when it could not begin. */
function startWatcher(open: (after: string) => AsyncIterable<Said>): Watcher {
  const watcher: Watcher = { cursors: [], ends: [], begun: 0, done: Promise.resolve() }
  const read = async () => {
    for (let after = ''; ;) {
      let ended = false
      for await (const { event, heartbeat, end, error } of begin(() => open(after))) {
        if (error) throw new Error(`a stream failed: ${JSON.stringify(error)}`)
        if (heartbeat && !watcher.cursors.length) watcher.begun++
        after = (event ?? heartbeat ?? end)!.cursor
        if (event) watcher.cursors.push(event.cursor)
        if (event?.type === 'prompt.last') return
        if (end) {
          watcher.ends.push(end.cursor)
          ended = true
        }
      }
      if (!ended) throw new Error('a stream ended without an end')
    }
  }
  watcher.done = read()
  return watcher
}

async function* begin(open: () => AsyncIterable<Said>): AsyncGenerator<Said> {
  for (;;) {
    try {
      return yield* open()
    } catch (error) {
      if (!(error instanceof Busy)) throw error
    }
  }
}

async function* overRest(after: string): AsyncGenerator<Said> {
  const url = `${gateway.url}/v1/analytics/events:watch?after=${after}`
  const opening = openEvents(url, { authorization: `Bearer ${admin.token}` })
  // `fetch` may take a connection that the gateway is about to close; it does not try another one by itself.
  const {
    status: answer,
    messages,
    leave,
  } = await opening.catch((cause: unknown) => {
    throw new Busy('the stream could not be opened', { cause })
  })
  if (answer !== 200) {
    leave()
    throw answer === 503 || answer === 504 ? new Busy() : new Error(`answered ${answer}`)
  }
  try {
    yield* messages
  } finally {
    leave()
  }
}

const overGrpc = (stub: Stub<typeof Analytics>) =>
  async function* (after: string): AsyncGenerator<Said> {
    let begun = false
    try {
      for await (const said of saidOverGrpc(stub, admin.token, after)) {
        begun = true
        yield said
      }
    } catch (error) {
      const { code } = error as ServiceError
      const isBusy = code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED
      throw isBusy && !begun ? new Busy() : error
    }
  }

const happen = (type: string) =>
  stored.query(
    `insert into prompt_activity_events (event_id, prompt_id, event_type, event_time)
    values (gen_random_uuid(), gen_random_uuid(), $1, now())`,
    [type],
  )

test('when one of two replicas stops, each of 200 watchers gets an end and goes on at the other without gap or repeat', async () => {
  const client = new Client(`localhost:${gateway.port}`, credentials.createInsecure())
  const stub = createStub({ service: 'gateway', client, contract: loadContract(), close: () => undefined }, Analytics)
  const opens = [...Array(REST_WATCHERS).fill(overRest), ...Array(GRPC_WATCHERS).fill(overGrpc(stub))]
  const watchers: Watcher[] = []
  for (const open of opens) {
    watchers.push(startWatcher(open))
    await until('streams to begin', () => watchers.filter(({ begun }) => begun === 0).length < 20)
  }
  await until('all streams to begin', () => watchers.every(({ begun }) => begun > 0))
  await happen('prompt.first')
  await until('all to be told of the first event', () => watchers.every(({ cursors }) => cursors.length === 1))

  const happening: Promise<unknown>[] = []
  const timer = setInterval(() => happening.push(happen('prompt.meanwhile')), 25)
  await replicas.shift()!.destroy()
  clearInterval(timer)
  await Promise.all(happening)
  await happen('prompt.last')
  await Promise.all(watchers.map(({ done }) => done))
  client.close()

  const { rows } = await stored.query('select xid, id from prompt_activity_events order by xid, id')
  const places = (cursors: string[]) => cursors.map((cursor) => cursor.split('.').slice(1).join('.'))
  const whole = rows.map(({ xid, id }) => `${xid}.p.${id}`)
  const [{ cursors: first }] = watchers as [Watcher]
  expect(places(first)).toEqual(whole.slice(-first.length))
  expect(first.length).toBeGreaterThan(10)
  expect(watchers.filter(({ cursors }) => cursors.join() !== first.join())).toEqual([])
  const ended = watchers.filter(({ ends }) => ends.length > 0)
  expect(ended.length).toBeGreaterThan(watchers.length / 4)
  expect(watchers.filter(({ ends }) => ends.length > 1)).toEqual([])
})
