import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'
import type { ServiceError } from '@grpc/grpc-js'
import { readStatus } from '#chassis/grpc/status.ts'
import { CLOCK_SKEW_SECONDS } from '#chassis/grpc/tokens.ts'
import { until } from '#chassis/testing/until.ts'
import {
  AnalyticsServiceService as Analytics,
  WatchEventsRequest,
  WatchEventsResponse,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { openEvents } from '../../gateway/tests/sse.ts'
import { gatewayMemory } from './gateway-stats.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { type Said, saidOverGrpc } from './said.ts'
import { signToken } from './sign-token.ts'

let network: TestNetwork
let admin: SignedIn
let stored: Client
/** Reads as long as this file runs. */
let lasting: Awaited<ReturnType<typeof watchOn>>

beforeAll(async () => {
  network = await startTestNetwork()
  admin = await network.signUpAdmin()
  stored = new Client({ connectionString: network.services['analytics']!.databaseUrl })
  await stored.connect()
  await network.processAll()
  lasting = await watchOn()
})
afterAll(async () => {
  lasting.leave()
  await stored.end()
  await network.stop()
})

const PATH = '/v1/analytics/events:watch'
const openRest = (token = admin.token, after = '') =>
  openEvents(`${network.gateway.url}${PATH}?after=${after}`, { authorization: `Bearer ${token}` })

/** Opens a stream over REST and reads on. Tells when the last message came, milliseconds after the opening, and how the stream has ended. */
async function watchOn() {
  const { messages, leave } = await openRest()
  const openedAt = performance.now()
  const seen = { lastAfterMs: 0, end: undefined as unknown, leave }
  const read = async () => {
    let last: unknown
    for await (const message of messages) {
      last = message
      seen.lastAfterMs = performance.now() - openedAt
    }
    return last
  }
  read().then(
    (last) => (seen.end = { last }),
    (error: unknown) => (seen.end = error),
  )
  return seen
}

/** Opens a stream as a page does by gRPC-Web. The messages are those of its frames; `trailers` are what the last one says. */
async function openGrpcWeb(token: string) {
  const head = Buffer.alloc(5)
  const message = WatchEventsRequest.encode({ after: '' }).finish()
  head.writeUInt32BE(message.length, 1)
  const caller = new AbortController()
  const { headers, body } = await fetch(network.gateway.url + Analytics.watchEvents.path, {
    method: 'POST',
    signal: caller.signal,
    headers: { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1', authorization: `Bearer ${token}` },
    body: Uint8Array.from(Buffer.concat([head, message])),
  })
  let trailers = ''
  const messages = async function* () {
    let bytes = Buffer.alloc(0)
    for await (const chunk of body!) {
      bytes = Buffer.concat([bytes, chunk])
      while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
        const end = 5 + bytes.readUInt32BE(1)
        const content = bytes.subarray(5, end)
        if (bytes[0] === 0x80) trailers = content.toString()
        else yield WatchEventsResponse.decode(content)
        bytes = bytes.subarray(end)
      }
    }
  }
  return {
    type: headers.get('content-type'),
    messages: messages(),
    trailers: () => trailers,
    leave: () => caller.abort(),
  }
}

/** Signs a token of the administrator that is accepted for so many seconds more: past its end it is for as long as clocks may differ. */
const shortToken = async (seconds: number) =>
  signToken(await network.signer(), admin, { expires: Math.floor(Date.now() / 1000) - CLOCK_SKEW_SECONDS + seconds })

/**
 * Opens a stream over REST, gRPC-Web and gRPC with a token that is about to expire, and reads their first messages. A
 * machine that needs longer than the token lives gets one that lives twice as long: a stream whose token expires before
 * its first message has a status and no messages.
 */
async function openWithShortToken(seconds = 3) {
  const token = await shortToken(seconds)
  const grpc = network.gatewayStub(Analytics).watchEvents({ after: '' }, { token })[Symbol.asyncIterator]()
  const [rest, web] = await Promise.all([openRest(token), openGrpcWeb(token)])
  const first = await Promise.all([rest.messages.next(), web.messages.next(), grpc.next()]).catch(() => undefined)
  if (first?.every(({ done }) => !done)) return { rest, web, grpc }
  rest.leave()
  web.leave()
  await grpc.return?.()
  if (seconds > 60) throw new Error('the streams did not begin within a minute')
  return openWithShortToken(seconds * 2)
}

test('an administrator watches what happens, over REST, gRPC-Web and gRPC alike', async () => {
  const rest = await openRest()
  expect([rest.status, rest.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  const web = await openGrpcWeb(admin.token)
  expect(web.type).toBe('application/grpc-web+proto')
  const grpc = network.gatewayStub(Analytics).watchEvents({ after: '' }, { token: admin.token })[Symbol.asyncIterator]()
  const begun = await Promise.all([rest.messages.next(), web.messages.next(), grpc.next()])
  const [{ value: overRest }, { value: overWeb }, { value: overGrpc }] = begun
  expect(overRest).toEqual({ heartbeat: { cursor: expect.stringMatching(/^\d+\.\d+\.p\.0$/) } })
  expect([overWeb!.kind!.$case, overGrpc.kind!.$case]).toEqual(['heartbeat', 'heartbeat'])

  const { body } = await network.rest('POST /v1/prompts', { token: admin.token, body: { title: 'T', content: 'x' } })
  const promptId = body.prompt.id
  const isCreation = ({ type }: { type: string }) => type === 'prompt.created'
  const told: object[] = []
  for await (const { event } of rest.messages) {
    if (!event || !isCreation(event)) continue
    const { time, ...others } = event
    told.push({ ...others, time: new Date(time) })
    break
  }
  for await (const { kind } of web.messages) {
    if (kind?.$case !== 'event' || !isCreation(kind.value)) continue
    told.push(kind.value)
    break
  }
  for (let next = await grpc.next(); !next.done; next = await grpc.next()) {
    const { kind } = next.value
    if (kind?.$case !== 'event' || !isCreation(kind.value)) continue
    told.push(kind.value)
    break
  }
  rest.leave()
  await grpc.return?.()
  const event = { type: 'prompt.created', promptId, userId: admin.id, username: admin.username }
  expect(told[0]).toMatchObject(event)
  expect(told).toEqual([told[0], told[0], told[0]])
})

test('a token that expires while it watches ends the stream, which says so over REST, gRPC-Web and gRPC', async () => {
  const { rest, web, grpc } = await openWithShortToken()
  let last: WatchEventsResponse | undefined
  const read = async () => {
    for (let next = await grpc.next(); !next.done; next = await grpc.next()) last = next.value
  }
  const failure = read().then(() => undefined, readStatus)
  const message =
    'the access token has expired: open the stream again with a new one, after the last cursor that you have'
  const error = { reason: 'TOKEN_INVALID', message, cursor: expect.stringMatching(/^\d+\./) }
  expect((await Array.fromAsync(rest.messages)).at(-1)).toEqual({ error })
  expect((await Array.fromAsync(web.messages)).at(-1)).toEqual({ kind: { $case: 'error', value: error } })
  expect(web.trailers()).toMatch(/grpc-status:\s*16/)
  expect(await failure).toMatchObject({ reason: 'TOKEN_INVALID', message })
  expect(last).toEqual({ kind: { $case: 'error', value: error } })
})

test('who is no administrator is refused as in any call', async () => {
  const { token } = await network.signUp()
  const refused = { status: 403, body: { code: 7, details: [{ reason: 'NOT_ALLOWED' }] } }
  expect(await network.rest(`GET ${PATH}`, { token })).toMatchObject(refused)
  expect(await network.rest(`GET ${PATH}`)).toMatchObject({ status: 401, body: { code: 16 } })
})

test('a cursor that is none, or too old, is refused before the stream begins', async () => {
  const refused = (after: string) => network.rest(`GET ${PATH}?after=${after}`, { token: admin.token })
  expect(await refused('here')).toMatchObject({ status: 400, body: { details: [{ reason: 'VALIDATION_FAILED' }, {}] } })
  expect(await refused('1000.1.p.1')).toMatchObject({
    status: 400,
    body: { code: 11, details: [{ reason: 'CURSOR_EXPIRED' }] },
  })
})

async function* overGrpc(): AsyncGenerator<Said> {
  try {
    yield* saidOverGrpc(network.gatewayStub(Analytics), admin.token)
  } catch (error) {
    expect(readStatus(error as ServiceError)).toMatchObject({ reason: 'READER_TOO_SLOW' })
  }
}

async function* overRest(after = ''): AsyncGenerator<Said> {
  const { messages, leave } = await openRest(admin.token, after)
  try {
    yield* messages
  } finally {
    leave()
  }
}

// More than all buffers on the way hold: over REST, where the client's is the kernel's, 22,000 events.
const STOPPED: [string, () => AsyncGenerator<Said>, number][] = [
  ['gRPC', overGrpc, 20_000],
  ['REST', overRest, 60_000],
]

test.each(STOPPED)(
  'a reader that stops over %s costs the gateway a few megabytes, hears that it was dropped, and misses nothing',
  async (name, open, count) => {
    const idle = await gatewayMemory(network)
    const stopped = open()
    const { value: begun } = await stopped.next()
    const type = `prompt.held-${name}`
    for (let at = 0; at < count; at += 1000)
      await stored.query(
        `insert into prompt_activity_events (event_id, prompt_id, username, event_type, event_time)
        select gen_random_uuid(), gen_random_uuid(), repeat('x', 50), $1, now() from generate_series(1, 1000)`,
        [type],
      )
    /** Reads cursors of these events until it has all or the stream ends, and answers with the error that it is told then. */
    const read = async (messages: AsyncIterable<Said>, cursors: string[]) => {
      let told: Said['error']
      for await (const { event, error } of messages) {
        if (event?.type === type) cursors.push(event.cursor)
        if (cursors.length === count) break
        told = error
      }
      return told
    }
    /** Reads on after an error: on a slow machine whoever reads may be dropped. */
    const readRest = async (told: { cursor: string } | undefined, cursors: string[]) => {
      for (let after = told; after;) after = await read(overRest(after.cursor), cursors)
    }
    const whole: string[] = []
    await readRest(begun!.heartbeat, whole)
    expect((await gatewayMemory(network)) - idle).toBeLessThan(4 * 1024 * 1024)

    const seen: string[] = []
    const told = await read(stopped, seen)
    expect(told).toMatchObject({ reason: 'READER_TOO_SLOW', cursor: seen.at(-1) })
    await readRest(told, seen)
    expect(seen).toEqual(whole)
    expect(whole).toHaveLength(count)
  },
)

test('a stream lives for longer than a minute, on a connection that has long taken no new calls', async () => {
  const LONG_MS = 65_000
  const isDecided = () => lasting.end !== undefined || lasting.lastAfterMs > LONG_MS
  await until('a message after that time, or the end of the stream', isDecided, LONG_MS * 2)
  expect(lasting.end).toBeUndefined()
})
