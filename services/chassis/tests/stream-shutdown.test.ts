import { expect, test } from '@jest/globals'
import { EventEmitter, once } from 'node:events'
import { type ServiceError, status } from '@grpc/grpc-js'
import { FeedServiceService as Feeds, type WatchResponse } from '#contracts/gen/promptforge/testing/v1/feed_service.ts'
import { sessionOf } from '../grpc/peer.ts'
import { longestStream } from '../grpc/server.ts'
import { readStatus } from '../grpc/status.ts'
import { testContract } from '../testing/contract.ts'
import { until } from '../testing/until.ts'
import { createFeed, event, startFeedService, type Watch } from './feed.ts'

const READERS = 20

/** Reads a stream in the background, to its end or to the event `upTo`. */
function readInBackground(messages: AsyncIterable<WatchResponse>, upTo?: string) {
  const texts: string[] = []
  let end: bigint | undefined
  const read = async () => {
    for await (const { kind } of messages) {
      if (kind?.$case === 'end') end = kind.value.cursor
      if (kind?.$case === 'event') texts.push(kind.value.text)
      if (upTo !== undefined && texts.at(-1) === upTo) break
    }
  }
  const failure = read().then(
    () => undefined,
    (error: ServiceError) => readStatus(error),
  )
  return { texts, end: () => end, failure }
}

test('streams end with a cursor when their service stops, and go on at another replica without gap or repeat', async () => {
  await using scope = new AsyncDisposableStack()
  const feed = createFeed()
  const first = await startFeedService(feed.watch())
  scope.defer(first.stop)
  const second = await startFeedService(feed.watch(), { database: first.database })
  scope.defer(second.stop)
  const readAll = (stub: ReturnType<typeof first.stub<typeof Feeds>>, afters: bigint[], upTo?: string) =>
    afters.map((after) => readInBackground(stub.watch({ feed: 'f1', after }), upTo))

  feed.publish('one')
  feed.publish('two')
  const before = readAll(first.stub(Feeds), Array<bigint>(READERS).fill(0n))
  await until('all to have read two events', () => before.every(({ texts }) => texts.length === 2))
  await first.service.destroy()
  expect(await Promise.all(before.map(({ failure }) => failure))).toEqual(before.map(() => undefined))
  const cursors = before.map(({ end }) => end()!)
  expect(cursors).toEqual(before.map(() => 2n))
  expect(feed.open()).toBe(0)

  feed.publish('three')
  const after = readAll(second.stub(Feeds), cursors, 'four')
  await until('all to have read what they missed', () => after.every(({ texts }) => texts.length === 1))
  feed.publish('four')
  expect(await Promise.all(after.map(({ failure }) => failure))).toEqual(after.map(() => undefined))
  const texts = before.map((one, index) => [...one.texts, ...after[index]!.texts])
  expect(texts).toEqual(before.map(() => ['one', 'two', 'three', 'four']))
})

test('streams that are not done in time end with UNAVAILABLE, and their service with them', async () => {
  const heard: unknown[] = []
  let asked = 0
  const deaf: Watch = async function* (_, { signal, ending }) {
    ending.addEventListener('abort', () => asked++)
    yield event(1n, 'one')
    await once(new EventEmitter(), 'never', { signal }).catch((error: Error) => heard.push(error.cause))
  }
  const service = await startFeedService(deaf, { config: { drain: { settleMs: 0, graceMs: 500 } } })
  const stub = service.stub(Feeds)
  const streams = Array.from({ length: READERS }, () => readInBackground(stub.watch({ feed: 'f1', after: 0n })))
  await until('all to have begun', () => streams.every(({ texts }) => texts.length === 1))
  await service.stop()
  const failures = await Promise.all(streams.map(({ failure }) => failure))
  const message = 'this server is shutting down: open the stream again after the last message that you have'
  const unavailable = { code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE', message, retryAfterMs: 1000 }
  expect(failures).toMatchObject(streams.map(() => unavailable))
  expect(asked).toBe(READERS)
  expect(heard).toMatchObject(streams.map(() => ({ message })))
})

test('a stream whose client does not read does not hold up a service that stops', async () => {
  let produced = 0
  let ended = false
  const endless: Watch = async function* () {
    try {
      for (; ; produced++) yield event(1n, 'x'.repeat(100_000))
    } finally {
      ended = true
    }
  }
  const service = await startFeedService(endless, { config: { drain: { settleMs: 0, graceMs: 500 } } })
  const stream = service.stub(Feeds).watch({ feed: 'f1', after: 0n })[Symbol.asyncIterator]()
  await stream.next()
  let last = -1
  await until('the producer to be held back', () => last === (last = produced))
  await service.stop()
  expect(ended).toBe(true)
  await stream.return?.()
})

test('a stream outlives the time for which its connection takes new calls, and a new call has a new connection', async () => {
  await using scope = new AsyncDisposableStack()
  const feed = createFeed()
  const sessions: ReturnType<typeof sessionOf>[] = []
  const watch: Watch = (request, call) => {
    sessions.push(sessionOf(call.origin.inherited.call))
    return feed.watch()(request, call)
  }
  const service = await startFeedService(watch, { overrides: { connectionAgeMs: 200 } })
  scope.defer(service.stop)
  const stub = service.stub(Feeds)
  const old = readInBackground(stub.watch({ feed: 'f1', after: 0n }), 'last')
  await until('the stream to have begun', () => sessions.length === 1)
  await until('its connection to take no new calls', () => sessions[0]!.closed)

  const young = readInBackground(stub.watch({ feed: 'f1', after: 0n }), 'first')
  feed.publish('first')
  expect(await young.failure).toBeUndefined()
  expect(sessions).toHaveLength(2)
  expect(sessions[1]).not.toBe(sessions[0])
  expect(sessions[0]!.destroyed).toBe(false)
  feed.publish('last')
  expect(await old.failure).toBeUndefined()
  expect(old.texts).toEqual(['first', 'last'])
  await until('the old connection to end with its last stream', () => sessions[0]!.destroyed)
})

test('streams on a connection that takes no new calls are asked to end as well', async () => {
  const feed = createFeed()
  let session: ReturnType<typeof sessionOf>
  const watch: Watch = (request, call) => {
    session = sessionOf(call.origin.inherited.call)
    return feed.watch()(request, call)
  }
  const service = await startFeedService(watch, { overrides: { connectionAgeMs: 200 } })
  feed.publish('one')
  const stream = readInBackground(service.stub(Feeds).watch({ feed: 'f1', after: 0n }))
  await until('the connection to take no new calls', () => session?.closed && stream.texts.length === 1)
  await service.stop()
  expect(await stream.failure).toBeUndefined()
  expect(stream.end()).toBe(1n)
})

test('a connection is kept for the longest stream that its server may have', () => {
  const served = (definition: object) => [{ definition: definition as never, handlers: {} }]
  const { watch, upload } = Feeds
  expect(longestStream(testContract(), served({ upload }))).toBe(0)
  expect(longestStream(testContract(), served({ upload, watch }))).toBe(900_000)
  const methods = new Map(testContract().methods)
  methods.set(watch.path, { ...methods.get(watch.path)!, deadlineMs: 1_800_000 })
  expect(longestStream({ ...testContract(), methods }, served({ watch }))).toBe(1_800_000)
})
