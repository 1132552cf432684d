import { randomUUID } from 'node:crypto'
import { DiscardPolicy } from '@nats-io/jetstream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { v7 } from 'uuid'
import { EVENTS, type StreamName } from '#contracts/events.ts'
import { PromptDeleted } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { lockKey } from '../db/advisory-locks.ts'
import { RELAY_LOCK } from '../events/relay.ts'
import type { TestDatabase } from '../testing/database.ts'
import { lockHolders } from '../testing/locks.ts'
import { readMetric } from '../testing/metric.ts'
import { startTestService, type TestService } from '../testing/service.ts'
import { until } from '../testing/until.ts'
import { countOutbox, deletedPayload, emitDeleted, eventService } from './event-harness.ts'

const definition = eventService('prompt')
let broker: TestBroker
let service: TestService<object>
let database: TestDatabase

beforeAll(async () => {
  broker = await startTestBroker()
})
afterAll(() => broker.stop())
beforeEach(async () => {
  service = await startTestService(definition, { env: { PF_NATS_URL: broker.url } })
  database = service.database
})
afterEach(async () => {
  await service.stop()
  for (const stream of ['PF_PROMPT', 'PF_PROMPT_CONTENT']) await broker.manager.streams.purge(stream)
})

const allPublished = (count: number, timeoutMs?: number) =>
  until('the outbox to be published', async () => (await countOutbox(database)).published === count, timeoutMs)

const stored = (stream: StreamName = 'PF_PROMPT') => broker.messages(stream)

const storedIds = async () => (await stored()).map(({ header }) => header.get('Nats-Msg-Id'))

describe('what is in the outbox', () => {
  test('is published in order, as the contract says, and marked', async () => {
    const at = new Date('2026-11-26T10:11:12.345Z')
    const ids = await emitDeleted(database, 1200, at)
    await allPublished(1200)
    const messages = await stored()
    expect(messages.map(({ header }) => header.get('Nats-Msg-Id'))).toEqual(ids)
    const [first] = messages
    expect(first!.subject).toBe('pf.prompt.prompt.deleted.v1')
    expect(first!.header.get('Pf-Request-Id')).toBe('r-1')
    const { metadata, actor } = PromptDeleted.decode(first!.data)
    expect(metadata).toMatchObject({ aggregateRevision: 2n, occurredAt: at })
    expect(actor!.username).toBe('lena')
  })

  test('is published once, though it was published before without being marked', async () => {
    const ids = await emitDeleted(database, 100)
    await allPublished(100)
    await database.query('update outbox set processed_at = null where id = any ($1)', [ids.slice(20, 60)])
    const more = await emitDeleted(database, 10)
    await allPublished(110)
    expect((await storedIds()).toSorted()).toEqual([...ids, ...more].toSorted())
  })

  test('is found, though a lower id was committed after a higher one', async () => {
    const late = v7()
    const ids = await emitDeleted(database, 3)
    await allPublished(3)
    const insert = `insert into outbox (id, subject, payload, occurred_at) values ($1, $2, $3, now())`
    await database.query(insert, [late, EVENTS.promptDeleted.subject, deletedPayload()])
    await allPublished(4)
    expect(await storedIds()).toEqual([...ids, late])
  })

  test('that is no event of the contract is given up, and those behind it flow on', async () => {
    const insert = `insert into outbox (id, subject, payload, occurred_at) values ($1, $2, $3, now())`
    const wrong = { metadata: { aggregateRevision: 'no number' } }
    const ids = await service.silenced(async () => {
      await database.query(insert, [v7(), 'pf.prompt.prompt.invented.v1', {}])
      await database.query(insert, [v7(), EVENTS.promptDeleted.subject, wrong])
      const behind = await emitDeleted(database, 5)
      await allPublished(5)
      return behind
    })
    expect(await countOutbox(database)).toEqual({ waiting: 0, published: 5, abandoned: 2 })
    expect(await storedIds()).toEqual(ids)
    expect(await metric('outbox_abandoned_total')).toBe(2)
  })

  test('is published again by the command `replay`, with the ids that it had: JetStream has each once', async () => {
    const ids = await emitDeleted(database, 700)
    await allPublished(700)
    expect(await service.service.commands['replay']!(['2026-01-01T00:00:00Z'])).toEqual({ replayed: 700 })
    await allPublished(700)
    expect(await storedIds()).toEqual(ids)
    await expect(service.service.commands['replay']!(['yesterday'])).rejects.toThrow('2026-11-20T00:00:00Z')
  })
})

describe('what was published a while ago', () => {
  const ROWS = 2000
  const SWEEPS = 20

  // As long as a dump has its snapshot, PostgreSQL keeps the index entries of what waited when it began.
  test('costs the sweeps nothing, though a dump holds a snapshot; and a row that is that old is found all the same', async () => {
    const dump = new Client({ connectionString: database.url })
    await dump.connect()
    await dump.query('begin isolation level repeatable read')
    await dump.query('select from outbox')
    const insert = `insert into outbox (id, subject, payload, occurred_at) select id, $2, $3, now() from unnest($1::uuid[]) id`
    const old = (count: number) => Array.from({ length: count }, () => v7({ msecs: Date.now() - 600_000 }))
    const emitOld = (count: number) =>
      database.query(insert, [old(count), EVENTS.promptDeleted.subject, deletedPayload()])
    await emitOld(ROWS)
    await allPublished(ROWS)
    const before = await waitingIndex()
    const after = await until('some sweeps', async () => {
      const now = await waitingIndex()
      return now.scans >= before.scans + SWEEPS && now
    })
    expect(after.entries - before.entries).toBeLessThan((SWEEPS * ROWS) / 2)
    // What is that old is looked for once a minute beside a long dump.
    await emitOld(1)
    await allPublished(ROWS + 1, 90_000)
    await dump.end()
  })

  /** How often the index of what waits was read, and how many entries of it. */
  const waitingIndex = async () => {
    const [row] = await database.query<{ scans: number; entries: number }>(
      `select idx_scan::integer as scans, idx_tup_read::integer as entries from pg_stat_user_indexes where indexrelname = $1`,
      ['outbox_waiting'],
    )
    return row!
  }
})

describe('what JetStream refuses', () => {
  test('waits, however often it was refused before, and is published when the reason is gone', async () => {
    const { config } = await broker.manager.streams.info('PF_PROMPT')
    await broker.manager.streams.update('PF_PROMPT', { ...config, max_msg_size: 10 })
    await emitDeleted(database, 2)
    await database.query('update outbox set attempts = 1000')
    await until('the refusals', async () => (await metric('outbox_refused_total')) === 2)
    expect(await countOutbox(database)).toEqual({ waiting: 2, published: 0, abandoned: 0 })
    await broker.manager.streams.update('PF_PROMPT', config)
    // It is not tried again at once; those behind it flow on.
    await emitDeleted(database, 3)
    await allPublished(3)
    expect(await metric('outbox_refused_total')).toBe(2)
    // The next replica that leads tries anew.
    const replica = await startTestService(definition, { env: { PF_NATS_URL: broker.url }, database })
    await service.service.destroy()
    await allPublished(5)
    await replica.stop()
  })
})

describe('a stream without room', () => {
  test('holds up its own events only; all are delivered once there is room, and an alarm tells', async () => {
    const { config, state } = await broker.manager.streams.info('PF_PROMPT')
    await broker.manager.streams.update('PF_PROMPT', { discard: DiscardPolicy.New, max_bytes: state.bytes + 1000 })
    const ids = await emitDeleted(database, 300)
    const insert = `insert into outbox (id, subject, payload, occurred_at) values ($1, $2, $3, now())`
    const content = { metadata: { aggregateId: randomUUID(), aggregateRevision: 1 }, version: 1, content: 'text' }
    await database.query(insert, [v7(), EVENTS.promptContentChanged.subject, content])
    await until('the other stream to have its event', async () => (await stored('PF_PROMPT_CONTENT')).length === 1)
    await until('the alarm', async () => (await metric('outbox_waiting')) > 200)
    expect((await countOutbox(database)).abandoned).toBe(0)
    await broker.manager.streams.update('PF_PROMPT', { discard: config.discard, max_bytes: config.max_bytes })
    await allPublished(301)
    expect((await storedIds()).toSorted()).toEqual(ids)
    await until('the alarm to end', async () => (await metric('outbox_waiting')) === 0)
  })
})

describe('of several replicas', () => {
  test('one publishes, and the next one takes over when it ends', async () => {
    await until('one to lead', async () => (await metric('outbox_leading')) === 1)
    const replica = await startTestService(definition, { env: { PF_NATS_URL: broker.url }, database })
    const leading = () => Promise.all([metric('outbox_leading'), metric('outbox_leading', replica.metricsUrl)])
    expect(await leading()).toEqual([1, 0])
    const ids = await emitDeleted(database, 50)
    await allPublished(50)
    await service.service.destroy()
    const more = await emitDeleted(database, 50)
    await allPublished(100)
    expect(await storedIds()).toEqual([...ids, ...more])
    await replica.service.destroy()
  })

  test('the one that loses its connection, and with it the lock, gives up the lead; what both publish is stored once', async () => {
    const replica = await startTestService(definition, { env: { PF_NATS_URL: broker.url }, database })
    const ids: string[] = []
    for (let round = 0; round < 4; round++) {
      ids.push(...(await emitDeleted(database, 200)))
      const [holder] = await until('a leader', async () => {
        const rows = await database.query<{ pid: number }>(lockHolders(RELAY_LOCK))
        return rows.length > 0 && rows
      })
      await database.query('select pg_terminate_backend($1)', [holder!.pid])
      ids.push(...(await emitDeleted(database, 200)))
    }
    await allPublished(1600)
    expect((await storedIds()).toSorted()).toEqual(ids.toSorted())
    await replica.service.destroy()
  })
})

test('a broker that is killed and comes back has every event once, and nobody who writes notices', async () => {
  const ids: string[] = []
  const writing = (async () => {
    for (let round = 0; round < 60; round++) ids.push(...(await emitDeleted(database, 20)))
  })()
  for (let round = 0; round < 3; round++) await broker.restart('kill')
  await writing
  await until('everything to be published', async () => (await countOutbox(database)).published === 1200)
  expect((await storedIds()).toSorted()).toEqual(ids.toSorted())
})

test('a service that ends while it has the lead lets go of it', async () => {
  await service.service.destroy()
  const client = new Client({ connectionString: database.url })
  await client.connect()
  const { rows } = await client.query(`select pg_try_advisory_lock(${lockKey(RELAY_LOCK)}) as free`)
  expect(rows[0].free).toBe(true)
  await client.end()
})

const metric = (name: string, url = service.metricsUrl) => readMetric(url, name)
