import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { EventEmitter, once } from 'node:events'
import { type ServiceError, status } from '@grpc/grpc-js'
import { FeedServiceService as Feeds, type WatchResponse } from '#contracts/gen/promptforge/testing/v1/feed_service.ts'
import { notFound } from '../errors.ts'
import { type Channel, openChannel } from '../grpc/client.ts'
import { readStatus } from '../grpc/status.ts'
import { testContract } from '../testing/contract.ts'
import { readMetric } from '../testing/metric.ts'
import { rejection } from '../testing/rejection.ts'
import { openMesh } from '../grpc/tls.ts'
import { testMesh, type TestService } from '../testing/service.ts'
import { until } from '../testing/until.ts'
import { event, startFeedService, type Watch } from './feed.ts'

const MESSAGE = event(1n, 'x'.repeat(100_000))

/** What Watch does, by the name of the feed. */
const handlers: Record<string, Watch> = {}
let bare: TestService<object>
let channel: Channel

beforeAll(async () => {
  bare = await startFeedService((request, call) => handlers[request.feed]!(request, call))
  const mesh = openMesh(testMesh('client'))
  channel = openChannel({ contract: testContract(), mesh, service: 'prompt', target: bare.target })
})
afterAll(async () => {
  channel.close()
  await bare.stop()
})

const watch = (feed: string) => bare.stub(Feeds).watch({ feed, after: 0n })

/** Reads a stream to its end: what came, and the status that it failed with. */
async function readAll(stream: AsyncIterable<WatchResponse>) {
  const received: WatchResponse[] = []
  const read = async () => {
    for await (const message of stream) received.push(message)
  }
  const failure = await read().then(() => undefined, readStatus)
  return { received, failure }
}

describe('a stream', () => {
  test('is produced at the pace at which the client reads, and ends when it leaves', async () => {
    let produced = 0
    let ended = false
    handlers['endless'] = async function* () {
      try {
        for (; ; produced++) yield MESSAGE
      } finally {
        ended = true
      }
    }
    let before = -1
    const isSteady = () => {
      const steady = produced === before && produced > 0
      before = produced
      return steady
    }
    let read = 0
    for await (const message of watch('endless')) {
      expect(message).toEqual(MESSAGE)
      if (++read === 3) {
        await until('the producer to be held back', isSteady)
        expect(produced).toBeLessThan(60)
        break
      }
    }
    await until('the handler to be ended', () => ended)
  })

  test('that fails has sent what came before, and its reason', async () => {
    handlers['failing'] = async function* () {
      for (let i = 0; i < 3; i++) yield MESSAGE
      throw notFound('feed')
    }
    const { received, failure } = await readAll(watch('failing'))
    expect(received).toHaveLength(3)
    expect(failure).toMatchObject({ code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' })
  })

  test('that may not begin is refused like any call', async () => {
    const first = watch('x'.repeat(51))[Symbol.asyncIterator]().next()
    expect(await rejection(first)).toMatchObject({ reason: 'VALIDATION_FAILED' })
  })
})

describe('a client that leaves between two messages', () => {
  const leave = async (feed: string) => {
    for await (const message of watch(feed)) {
      expect(message).toEqual(MESSAGE)
      return
    }
  }

  test('ends a handler that waits with the signal', async () => {
    let ended = false
    handlers['waiting'] = async function* (_, { signal }) {
      try {
        yield MESSAGE
        await once(new EventEmitter(), 'never', { signal })
      } finally {
        ended = true
      }
    }
    await leave('waiting')
    await until('the handler to be ended', () => ended)
  })

  test('leaves no call behind when the handler waits without it, and the service can stop', async () => {
    let waits = false
    // A grace that no test would outlast: who waits for the handler does not pass.
    const service = await startFeedService(
      async function* () {
        yield MESSAGE
        waits = true
        await new Promise(() => {})
      },
      { config: { drain: { settleMs: 0, graceMs: 600_000 } } },
    )
    for await (const message of service.stub(Feeds).watch({ feed: 'deaf', after: 0n })) {
      expect(message).toEqual(MESSAGE)
      await until('the handler to wait', () => waits)
      break
    }
    const { metricsUrl } = service
    await until('the call to be over', async () => (await readMetric(metricsUrl, 'grpc_server_in_flight')) === 0)
    await service.stop()
  })
})

describe('headers', () => {
  /** Calls Watch with grpc-js alone, to see what comes before the messages. */
  const openRaw = (feed: string) => {
    const { path, requestSerialize, responseDeserialize } = Feeds.watch
    const request = { feed, after: 0n }
    const call = channel.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request)
    const headers = once(call, 'metadata').then(([metadata]) => metadata.getMap() as Record<string, string>)
    const failed = once(call, 'error').then(([error]) => readStatus(error as ServiceError))
    return { call, headers, failed }
  }

  test('that a handler sets before its first message arrive with it', async () => {
    handlers['headers'] = async function* (_, { setHeader }) {
      setHeader('x-feed', 'f1')
      yield MESSAGE
    }
    const { call, headers } = openRaw('headers')
    const messages = await call.toArray()
    expect(await headers).toMatchObject({ 'x-feed': 'f1', 'x-request-id': expect.any(String) })
    expect(messages).toEqual([MESSAGE])
  })

  test('of a stream that has no message arrive as well', async () => {
    handlers['empty'] = async function* (_, { setHeader }) {
      setHeader('x-feed', 'f2')
    }
    const { call, headers } = openRaw('empty')
    expect(await call.toArray()).toEqual([])
    expect(await headers).toMatchObject({ 'x-feed': 'f2' })
  })

  test('that come too late are a fault that says so, not lost', async () => {
    let said = ''
    handlers['late'] = async function* (_, { setHeader }) {
      yield MESSAGE
      try {
        setHeader('x-feed', 'f3')
      } catch (error) {
        said = (error as Error).message
        throw error
      }
    }
    const { call, failed } = openRaw('late')
    call.resume()
    expect(await bare.silenced(() => failed)).toMatchObject({ code: status.INTERNAL })
    expect(said).toBe('the headers have been sent: set x-feed before the first message')
  })
})
