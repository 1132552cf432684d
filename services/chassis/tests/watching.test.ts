import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type ServiceError, status } from '@grpc/grpc-js'
import { FeedServiceService as Feeds, type WatchResponse } from '#contracts/gen/promptforge/testing/v1/feed_service.ts'
import { unavailable } from '../errors.ts'
import type { Outgoing } from '../grpc/client.ts'
import { readStatus } from '../grpc/status.ts'
import { watching } from '../grpc/watching.ts'
import type { TestService } from '../testing/service.ts'
import { createFeed, startFeedService, type Watch } from './feed.ts'

const feed = createFeed()
let service: TestService<object>
let watch: Watch = feed.watch()

beforeAll(async () => {
  feed.publish('one')
  feed.publish('two')
  service = await startFeedService((request, call) => watch(request, call))
})
afterAll(() => service.stop())

/** Reads a stream to its end: the messages, and the status that it failed with. */
async function readAll(after: bigint, outgoing: Outgoing) {
  const kinds: WatchResponse['kind'][] = []
  const read = async () => {
    for await (const { kind } of service.stub(Feeds).watch({ feed: 'f1', after }, outgoing)) kinds.push(kind)
  }
  const failure = await read().then(
    () => undefined,
    (error: ServiceError) => readStatus(error),
  )
  return { kinds, failure }
}

const heartbeat = (cursor: bigint) => ({ $case: 'heartbeat', value: { cursor } })
const event = (cursor: bigint, text: string) => ({ $case: 'event', value: { cursor, text } })

test('a watch says at once where it begins, and before its time is over where to go on', async () => {
  const { kinds, failure } = await readAll(1n, { timeoutMs: 3000 })
  const end = { $case: 'end', value: { cursor: 2n } }
  expect({ kinds, failure }).toEqual({ kinds: [heartbeat(1n), event(2n, 'two'), end], failure: undefined })
})

test('a watch ends when the access token expires, and says so', async () => {
  const exp = Math.floor(Date.now() / 1000) - 28 // clocks may differ by 30 seconds
  const token = await service.identity.tokenFor({ userId: 'u1', username: 'ann' }, { exp })
  const { kinds, failure } = await readAll(0n, { token })
  const message =
    'the access token has expired: open the stream again with a new one, after the last cursor that you have'
  const error = { $case: 'error', value: { reason: 'TOKEN_INVALID', message, cursor: 2n } }
  expect(kinds).toEqual([heartbeat(0n), event(1n, 'one'), event(2n, 'two'), error])
  expect(failure).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID', message })
})

test('a watch whose events cannot be read says so in its last message, and fails with it', async () => {
  watch = ({ after }, call) =>
    watching(call, after, async function* () {
      yield { cursor: 3n, text: 'three' }
      throw unavailable('the database')
    })
  const { kinds, failure } = await readAll(2n, {})
  const error = { reason: 'DEPENDENCY_UNAVAILABLE', message: 'the database does not answer', cursor: 3n }
  expect(kinds).toEqual([heartbeat(2n), event(3n, 'three'), { $case: 'error', value: error }])
  expect(failure).toMatchObject({ code: status.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' })
})
