import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { EventEmitter, once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ServiceError, status } from '@grpc/grpc-js'
import { notFound } from '#chassis/errors.ts'
import { sessionOf } from '#chassis/grpc/peer.ts'
import { readStatus } from '#chassis/grpc/status.ts'
import type { TestService } from '#chassis/testing/service.ts'
import { until } from '#chassis/testing/until.ts'
import { FeedServiceService as Feeds } from '#contracts/gen/promptforge/testing/v1/feed_service.ts'
import { createFeed, event, startFeedService, type Watch } from '../../chassis/tests/feed.ts'
import { failureOf } from './failure.ts'
import { startFeedGateway, type TestGateway } from './harness.ts'
import { openEvents } from './sse.ts'

/** What Watch does, by the name of the feed. */
const handlers: Record<string, Watch> = {}
const watch: Watch = (request, call) => handlers[request.feed]!(request, call)

let service: TestService<object>
let gateway: TestGateway

beforeAll(async () => {
  service = await startFeedService(watch)
  gateway = await startFeedGateway([service.target])
})
afterAll(async () => {
  await gateway.stop()
  await service.stop()
})

const open = (feed: string, after = 0n, { url } = gateway) => openEvents(`${url}/v1/feeds/${feed}:watch?after=${after}`)

/** Waits until the signal is aborted, and throws then. */
const waitFor = (signal: AbortSignal) => once(new EventEmitter(), 'never', { signal })

test('events, heartbeats and the end are an event each, in their order', async () => {
  const feed = createFeed()
  handlers['framing'] = feed.watch(20)
  feed.publish('one\n\ndata: not two')
  const { status, headers, messages, leave } = await open('framing')
  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('text/event-stream')
  const received: object[] = []
  for await (const message of messages) {
    received.push(message)
    if ('heartbeat' in message && received.length > 2 && received.length < 5) feed.publish('two')
    if (message.event?.text === 'two') break
  }
  leave()
  const kinds = received.map((message) => Object.keys(message)[0])
  expect(received[0]).toEqual({ heartbeat: { cursor: '0' } })
  expect(received[1]).toEqual({ event: { cursor: '1', text: 'one\n\ndata: not two' } })
  expect(received[2]).toEqual({ heartbeat: { cursor: '1' } })
  expect(received.at(-1)).toEqual({ event: { cursor: '2', text: 'two' } })
  expect(new Set(kinds.slice(2, -1))).toEqual(new Set(['heartbeat']))
})

test('the status and the headers come with the first message, before the second', async () => {
  const { promise, resolve: goOn } = Promise.withResolvers<void>()
  handlers['headers'] = async function* (_, { setHeader }) {
    setHeader('x-feed', 'f1')
    yield event(1n, 'one')
    await promise
    yield event(2n, 'two')
  }
  const { status, headers, messages } = await open('headers')
  expect(status).toBe(200)
  expect(headers.get('x-feed')).toBe('f1')
  goOn()
  expect(await Array.fromAsync(messages)).toEqual([
    { event: { cursor: '1', text: 'one' } },
    { event: { cursor: '2', text: 'two' } },
  ])
})

test('a stream that its handler refuses before it says anything is refused as any call, even after a second', async () => {
  handlers['refused'] = async function* () {
    await sleep(1000)
    throw notFound('feed')
  }
  const answer = await gateway.rest('GET /v1/feeds/refused:watch')
  expect(failureOf(answer)).toEqual({ status: 404, code: 5, reason: 'RESOURCE_NOT_FOUND' })
})

test('a client that leaves between two messages ends the handler', async () => {
  let ended = false
  handlers['leaving'] = async function* (_, { signal }) {
    try {
      yield event(1n, 'one')
      await waitFor(signal)
    } finally {
      ended = true
    }
  }
  const { messages, leave } = await open('leaving')
  expect((await messages.next()).value).toEqual({ event: { cursor: '1', text: 'one' } })
  expect(ended).toBe(false)
  leave()
  await until('the handler to be ended', () => ended)
})

test('when a replica stops, its streams end with a cursor and go on at another without gap or repeat', async () => {
  await using scope = new AsyncDisposableStack()
  const feed = createFeed()
  // The replica says NOT_SERVING and waits for the gateway to see that before it asks its streams to end, as in production.
  const config = { drain: { settleMs: 2500, graceMs: 20_000 } }
  const first = await startFeedService(feed.watch(), { config })
  scope.defer(first.stop)
  const second = await startFeedService(feed.watch(), { database: first.database })
  scope.defer(second.stop)
  const both = await startFeedGateway([first.target, second.target])
  scope.defer(both.stop)

  const ends: string[] = []
  const readers = Array.from({ length: 20 }, () => {
    const texts: string[] = []
    /** Reads up to the event 'last', and opens the stream again after each end. */
    const read = async () => {
      for (let after = 0n; texts.at(-1) !== 'last';) {
        const { status, messages, leave } = await open('f1', after, both)
        expect(status).toBe(200)
        for await (const { event, heartbeat, end } of messages) {
          if (end) ends.push(end.cursor)
          if (event) texts.push(event.text)
          if (event?.text === 'last') break
          after = BigInt((event ?? heartbeat ?? end).cursor)
        }
        leave()
      }
    }
    return { texts, done: read() }
  })
  feed.publish('one')
  await until('all to have read the first event', () => readers.every(({ texts }) => texts.length === 1))
  const stopping = first.service.destroy()
  const publishing = setInterval(() => feed.publish('meanwhile'), 10)
  await stopping
  clearInterval(publishing)
  feed.publish('last')
  await Promise.all(readers.map(({ done }) => done))

  expect(ends.length).toBeGreaterThan(0)
  const [{ texts: whole } = { texts: [] as string[] }] = readers
  expect(whole.length).toBeGreaterThan(10)
  expect(feed.texts()).toEqual(whole)
  expect(readers.map(({ texts }) => texts)).toEqual(readers.map(() => whole))
})

test('a stream that says no last message fails with UNAVAILABLE over gRPC, and just ends over REST', async () => {
  await using scope = new AsyncDisposableStack()
  const deaf = await startFeedService(
    async function* (_, { signal }) {
      yield event(1n, 'one')
      await waitFor(signal)
    },
    { config: { drain: { settleMs: 0, graceMs: 3000 } } },
  )
  const edge = await startFeedGateway([deaf.target])
  scope.defer(edge.stop)
  const rest = await open('f1', 0n, edge)
  const grpc = edge.stub(Feeds).watch({ feed: 'f1', after: 0n })[Symbol.asyncIterator]()
  const one = { event: { cursor: '1', text: 'one' } }
  expect((await rest.messages.next()).value).toEqual(one)
  expect((await grpc.next()).value).toEqual(event(1n, 'one'))
  await deaf.stop()
  const failure = await grpc.next().then(
    () => undefined,
    (error: ServiceError) => readStatus(error),
  )
  expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' })
  expect(await rest.messages.next()).toMatchObject({ done: true })
})

test('a stream outlives the time for which its connection takes new calls', async () => {
  await using scope = new AsyncDisposableStack()
  const feed = createFeed()
  const sessions: ReturnType<typeof sessionOf>[] = []
  const noting: Watch = (request, call) => {
    sessions.push(sessionOf(call.origin.inherited.call))
    return feed.watch()(request, call)
  }
  const aging = await startFeedService(noting, { overrides: { connectionAgeMs: 1000 } })
  scope.defer(aging.stop)
  const edge = await startFeedGateway([aging.target])
  scope.defer(edge.stop)
  const old = await open('f1', 0n, edge)
  await until('its connection to take no new calls', () => sessions[0]?.closed)
  const young = await open('f1', 0n, edge)
  feed.publish('one')
  const one = { event: { cursor: '1', text: 'one' } }
  const begun = { heartbeat: { cursor: '0' } }
  for (const { status, messages } of [young, old]) {
    const read = [(await messages.next()).value, (await messages.next()).value]
    expect({ status, read }).toEqual({ status: 200, read: [begun, one] })
  }
  expect(sessions[1]).not.toBe(sessions[0])
  old.leave()
  young.leave()
  await until('the old connection to end with its last stream', () => sessions[0]!.destroyed)
})
