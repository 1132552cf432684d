import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { Client } from 'pg'
import { v7 } from 'uuid'
import { openChannel, type Outgoing } from '#chassis/grpc/client.ts'
import { readStatus } from '#chassis/grpc/status.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { testMesh } from '#chassis/testing/service.ts'
import { testDatabase } from '#chassis/testing/database.ts'
import { until } from '#chassis/testing/until.ts'
import { loadContract } from '#contracts/contract.ts'
import { EVENTS } from '#contracts/events.ts'
import type { ArrivedEvent } from '#contracts/gen/promptforge/analytics/v1/analytics.ts'
import {
  AnalyticsServiceService,
  type WatchEventsResponse,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { readCursor } from '../arrivals.ts'
import { type AnalyticsTest, eventOf, startAnalytics } from './harness.ts'

let service: AnalyticsTest
let replica: AnalyticsTest
let admin: Outgoing

beforeAll(async () => {
  service = await startAnalytics()
  replica = await startAnalytics(undefined, service.database)
  admin = await service.tokenOf(v7(), 'ADMIN')
})
afterAll(async () => {
  await replica.stop()
  await service.stop()
})

/** A watch that is read in the background, once it has begun. It is closed when it has ended, or was left. */
async function watch(after = '', { token, timeoutMs = 900_000 }: Outgoing = admin, { target } = service) {
  const mesh = openMesh(testMesh('client'))
  const channel = openChannel({ contract: loadContract(), mesh, service: 'analytics', target })
  const { path, requestSerialize, responseDeserialize } = AnalyticsServiceService.watchEvents
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${token}`)
  const options = { deadline: Date.now() + timeoutMs }
  const call = channel.client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    { after },
    metadata,
    options,
  )
  let begun = ''
  const events: ArrivedEvent[] = []
  const last: WatchEventsResponse['kind'][] = []
  call.on('data', ({ kind }: WatchEventsResponse) => {
    if (kind?.$case === 'heartbeat') begun ||= kind.value.cursor
    else if (kind?.$case === 'event') events.push(kind.value)
    else last.push(kind)
  })
  const failure = new Promise<ReturnType<typeof readStatus> | undefined>((resolve) => {
    call.on('error', (error: ServiceError) => resolve(readStatus(error)))
    call.on('status', ({ code }) => {
      channel.close()
      if (code === status.OK) resolve(undefined)
    })
  })
  await until('the watch to begin', () => begun)
  const leave = () => call.cancel()
  return { events, ids: () => events.map(({ eventId }) => eventId), last, failure, begun, leave }
}

const liked = () => eventOf(EVENTS.promptLiked)

/** Stores likes past the service, by a statement of the database. */
const FILL = `insert into prompt_activity_events (event_id, prompt_id, event_type, event_time)
  select gen_random_uuid(), gen_random_uuid(), 'prompt.liked', now() from generate_series(1, $1::integer)`

describe('an administrator who watches', () => {
  test('is told what arrives from then on: what happened when, to which prompt, and who did it', async () => {
    await service.ingest(liked())
    const watcher = await watch()
    const [about, actor] = [v7(), v7()]
    const like = eventOf(EVENTS.promptLiked, {
      about,
      actor,
      username: 'bob',
      at: new Date('2026-11-01T12:00:00.123Z'),
    })
    const signedIn = eventOf(EVENTS.userSignedIn, { about: actor, username: 'bob' })
    await service.ingest(like)
    await service.ingest(signedIn)
    await until('both to be told', () => watcher.events.length === 2)
    watcher.leave()
    const [one, other] = watcher.events
    expect(one).toEqual({
      cursor: expect.stringMatching(/^\d+\.\d+\.p\.\d+$/),
      eventId: like.id,
      type: 'prompt.liked',
      time: new Date('2026-11-01T12:00:00.123Z'),
      promptId: about,
      userId: actor,
      username: 'bob',
    })
    expect(other).toMatchObject({ eventId: signedIn.id, type: 'user.signed_in', promptId: '', userId: actor })
  })

  test('gets the same order from every replica, whichever has stored what', async () => {
    const here = await watch()
    const token = await replica.tokenOf(v7(), 'ADMIN')
    const there = await watch(here.begun, token, replica)
    const batches = Array.from({ length: 60 }, () => [liked(), eventOf(EVENTS.userSignedIn)])
    await Promise.all(batches.map((batch, index) => (index % 2 ? service : replica).ingest(...batch)))
    await until('all to be told', () => here.events.length === 120 && there.events.length === 120)
    here.leave()
    there.leave()
    expect(there.events).toEqual(here.events)
    expect(here.ids().toSorted()).toEqual(batches.flatMap((batch) => batch.map(({ id }) => id)).toSorted())
  })

  test('goes on after any event without a gap or a repeat', async () => {
    const whole = await watch()
    // Several in one transaction, of both tables.
    await service.database.query('begin')
    await service.database.query(FILL, [5])
    await service.database.query(`insert into user_activity_events (event_id, user_id, event_type, event_time)
      select gen_random_uuid(), gen_random_uuid(), 'user.signed_in', now() from generate_series(1, 5)`)
    await service.database.query('commit')
    await service.ingest(liked(), liked())
    await until('all to be told', () => whole.events.length === 12)
    whole.leave()
    const resumed = await Promise.all([{ cursor: whole.begun }, ...whole.events].map(({ cursor }) => watch(cursor)))
    const rest = resumed.map((_, index) => whole.events.slice(index))
    await until('each to be told the rest', () => resumed.every(({ events }, i) => events.length >= rest[i]!.length))
    const end = liked()
    await service.ingest(end)
    await until('each to be told the end', () => resumed.every(({ ids }) => ids().at(-1) === end.id))
    for (const { leave } of resumed) leave()
    expect(resumed.map(({ events }) => events.slice(0, -1))).toEqual(rest)
  })

  test('misses nothing that is stored later under an earlier id', async () => {
    const watcher = await watch()
    const client = new Client({ connectionString: service.database.url })
    await client.connect()
    await client.query('begin')
    await client.query(FILL, [1])
    const later = liked()
    await service.ingest(later)
    // A reader by ids would now have passed over the row that is not yet there.
    await service.service.context.live.look()
    expect(watcher.events).toEqual([])
    await client.query('commit')
    await client.end()
    await until('both to be told', () => watcher.events.length === 2)
    watcher.leave()
    expect(watcher.ids()[1]).toBe(later.id)
    const ids = watcher.events.map(({ cursor }) => readCursor(cursor).position.id)
    expect(ids[0]! < ids[1]!).toBe(true)
  })

  test('does not wait for what goes on in another database of the same server', async () => {
    const other = await testDatabase()
    await other.query('begin')
    await other.query('select pg_current_xact_id()')
    const watcher = await watch()
    const like = liked()
    await service.ingest(like)
    await until('it to be told', () => watcher.ids().includes(like.id))
    watcher.leave()
    await other.query('rollback')
    await other.drop()
  })

  test('is told when the time of the stream is over, and goes on', async () => {
    const watcher = await watch('', { ...admin, timeoutMs: 4000 })
    await service.ingest(liked())
    expect(await watcher.failure).toBeUndefined()
    const cursor = watcher.events.at(-1)?.cursor ?? watcher.begun
    expect(watcher.last).toEqual([{ $case: 'end', value: { cursor } }])
    const next = await watch(cursor)
    expect(next.begun).toBe(cursor)
    next.leave()
  })

  test('is told when the access token has expired', async () => {
    const exp = Math.floor(Date.now() / 1000) - 28 // clocks may differ by 30 seconds
    const token = await service.identity.tokenFor({ userId: v7(), username: 'ann', role: 'ADMIN' }, { exp })
    const watcher = await watch('', { token })
    expect(await watcher.failure).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' })
    expect(watcher.last).toMatchObject([{ $case: 'error', value: { reason: 'TOKEN_INVALID', cursor: watcher.begun } }])
  })
})

test('a reader that stops is dropped when it is far behind, at the cost of what is kept for all, and goes on from there', async () => {
  const EVENTS_STORED = 20_000
  // Twenty thousand messages take long where much else runs.
  const PATIENCE_MS = 60_000
  const messages = service.analytics.watchEvents({ after: '' }, admin)[Symbol.asyncIterator]()
  const { value: begun } = await messages.next()
  const { live } = service.service.context
  await service.database.query(FILL, [1])
  await messages.next()
  for (let stored = 0; stored < EVENTS_STORED; stored += 1000) {
    await service.database.query(FILL, [1000])
    await live.look()
  }
  const seen = await watch(begun.kind.value.cursor)
  await until('another to have read all', () => seen.events.length > EVENTS_STORED, PATIENCE_MS)
  const seenAt = performance.now()
  await until('the reader to have stopped for longer than it may', () => performance.now() - seenAt > 1500)
  seen.leave()

  const read = [seen.events[0]!.cursor]
  let error: unknown
  const failure = await (async () => {
    for (;;) {
      const { done, value } = await messages.next()
      if (done) return undefined
      if (value.kind?.$case === 'event') read.push(value.kind.value.cursor)
      if (value.kind?.$case === 'error') error = value.kind.value
    }
  })().catch(readStatus)
  expect(error).toMatchObject({ reason: 'READER_TOO_SLOW', cursor: read.at(-1) })
  expect(failure).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'READER_TOO_SLOW', retryAfterMs: 1000 })
  expect(read.length).toBeLessThan(EVENTS_STORED / 4)

  const rest = await watch(read.at(-1))
  await until('the rest to have been read', () => rest.events.length + read.length > EVENTS_STORED, PATIENCE_MS)
  rest.leave()
  expect([...read, ...rest.events.map(({ cursor }) => cursor)]).toEqual(seen.events.map(({ cursor }) => cursor))
})

describe('nobody watches', () => {
  const begin = (after: string, outgoing: Outgoing) =>
    service.analytics.watchEvents({ after }, outgoing)[Symbol.asyncIterator]().next()

  test.each(['USER', 'MODERATOR'] as const)('with the role %s', async (role) => {
    const refused = { code: status.PERMISSION_DENIED, reason: 'NOT_ALLOWED' }
    expect(await rejection(begin('', await service.tokenOf(v7(), role)))).toMatchObject(refused)
  })

  test('without a token', async () => {
    const refused = { code: status.UNAUTHENTICATED, reason: 'TOKEN_MISSING' }
    expect(await rejection(begin('', {}))).toMatchObject(refused)
  })

  test.each(['x', '1.2.3', '1.2.q.3', '1.2.p.-3', '1.2.p.1234567890123456789'])(
    'after %s, which is no cursor',
    async (after) => {
      expect(await rejection(begin(after, admin))).toMatchObject({
        code: status.INVALID_ARGUMENT,
        reason: 'VALIDATION_FAILED',
      })
    },
  )

  test.each([
    ['of 31 days ago', () => `${Date.now() - 31 * 86_400_000}.5.p.1`],
    ['of another database', () => `${Date.now()}.9999999999999999999.p.1`],
  ])('after a cursor %s', async (_, after) => {
    const refused = { code: status.OUT_OF_RANGE, reason: 'CURSOR_EXPIRED' }
    expect(await rejection(begin(after(), admin))).toMatchObject(refused)
  })
})
