import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { ROOT_CONTEXT } from '@opentelemetry/api'
import { EVENTS } from '#contracts/events.ts'
import { jobCause } from '../cause.ts'
import { createInTransaction } from '../db/idempotency.ts'
import { lockOne, lockOneOrFail } from '../db/lock-one.ts'
import { type Database, openDatabase } from '../db/orm.ts'
import type { Emit, Work } from '../db/transaction.ts'
import { createLogger } from '../logger.ts'
import { type TestDatabase, testDatabase } from '../testing/database.ts'
import { readOutbox } from '../testing/outbox.ts'
import { until } from '../testing/until.ts'
import { bareSchema, Nothing } from './harness.ts'

let store: TestDatabase
let database: Database
let writes = 0

beforeAll(async () => {
  store = await testDatabase(bareSchema)
  await store.query('create table nothing (id integer primary key)')
  const log = createLogger('test', 'silent')
  database = await openDatabase(bareSchema, { url: store.url, poolSize: 4 }, log, () => writes++)
})
afterAll(async () => {
  await database.close()
  await store.drop()
})
beforeEach(async () => {
  writes = 0
  await store.query('delete from outbox; delete from nothing; delete from idempotency_keys')
})

const CAUSE = { requestId: 'r-1', trace: ROOT_CONTEXT }
const rows = async () => (await store.query('select id from nothing order by id')).map(({ id }) => id)

const USER = '01890000-0000-7000-8000-000000000001'
const renamed = (emit: Emit, username: string) =>
  emit(EVENTS.userRenamed, {
    metadata: { aggregateId: USER, aggregateRevision: 2n },
    username,
    previousUsername: 'lena',
  })

describe('a unit of work', () => {
  test('stores what changed and its events, and then wakes the relay', async () => {
    const began = new Date()
    const answer = await database.transaction(CAUSE, async (em, emit) => {
      em.create(Nothing, { id: 1 })
      renamed(emit, 'marie')
      expect(writes).toBe(0)
      return 'done'
    })
    expect([answer, writes, await rows()]).toEqual(['done', 1, [1]])
    const [event, ...others] = await readOutbox(store)
    expect(others).toEqual([])
    expect(event).toMatchObject({
      name: 'user.renamed',
      headers: { 'Pf-Request-Id': 'r-1' },
      payload: {
        metadata: { aggregateId: USER, aggregateRevision: '2' },
        username: 'marie',
        previousUsername: 'lena',
      },
    })
    expect(event!.occurredAt.getTime()).toBeGreaterThanOrEqual(began.getTime())
  })

  test('that fails stores neither, and wakes nobody', async () => {
    const failing = database.transaction(CAUSE, async (em, emit) => {
      em.create(Nothing, { id: 1 })
      renamed(emit, 'marie')
      throw new Error('refused')
    })
    await expect(failing).rejects.toThrow('refused')
    expect([writes, await rows(), await readOutbox(store)]).toEqual([0, [], []])
  })

  test('names the aggregate in the subject of an event that can be purged', async () => {
    await database.transaction(CAUSE, async (_, emit) =>
      emit(EVENTS.userRegistered, {
        metadata: { aggregateId: USER, aggregateRevision: 1n },
        username: 'lena',
        email: 'lena@example.org',
      }),
    )
    expect((await readOutbox(store))[0]!.subject).toBe(`pf.user.user.registered.v1.${USER}`)
  })

  test('of a job has an id of its own in its events', async () => {
    await database.transaction(jobCause('tidy up'), async (_, emit) => renamed(emit, 'marie'))
    expect((await readOutbox(store))[0]!.headers['Pf-Request-Id']).toMatch(/^tidy-up-[0-9a-f-]{36}$/)
  })
})

describe('an entity that is locked', () => {
  test('is the row as it is now, or null, and what was made before in the same transaction is found', async () => {
    await store.query('insert into nothing values (1)')
    const found = await database.transaction(CAUSE, async (em) => {
      em.create(Nothing, { id: 2 })
      const [first, made, missing] = [
        await lockOne(em, Nothing, { id: 1 }),
        await lockOne(em, Nothing, { id: 2 }),
        await lockOne(em, Nothing, { id: 3 }),
      ]
      // The same object, so that a change of either is one.
      expect(await lockOne(em, Nothing, { id: 1 })).toBe(first)
      return [first?.id, made?.id, missing]
    })
    expect(found).toEqual([1, 2, null])
  })

  test('that must be there and is not ends the transaction with the name of its table', async () => {
    const failing = database.transaction(CAUSE, (em) => lockOneOrFail(em, Nothing, { id: 3 }))
    await expect(failing).rejects.toThrow('nothing lacks a row that must be there')
  })
})

describe('transactions that deadlock', () => {
  test('are run again from the start, so that both end, each with its events once', async () => {
    await store.query('insert into nothing values (1), (2)')
    const bothHold = Promise.withResolvers<void>()
    let holding = 0
    let runs = 0
    const lockInOrder =
      (order: [number, number], name: string): Work<void> =>
      async (em, emit) => {
        runs++
        const lock = (id: number) => lockOneOrFail(em, Nothing, { id })
        await lock(order[0])
        if (++holding === 2) bothHold.resolve()
        await bothHold.promise
        await lock(order[1])
        renamed(emit, name)
      }
    await store.query(`alter database ${new URL(store.url).pathname.slice(1)} set deadlock_timeout = '100ms'`)
    await Promise.all([
      database.transaction(CAUSE, lockInOrder([1, 2], 'one')),
      database.transaction(CAUSE, lockInOrder([2, 1], 'two')),
    ])
    expect(runs).toBe(3)
    const usernames = (await readOutbox(store)).map(({ payload }) => payload['username'])
    expect(new Set(usernames)).toEqual(new Set(['one', 'two']))
  })

  test('are given up after three repetitions, with what PostgreSQL said', async () => {
    let runs = 0
    const conflicting = database.transaction(CAUSE, async (em) => {
      runs++
      await em.execute("do $$ begin raise exception 'no luck' using errcode = '40001'; end $$")
    })
    await expect(conflicting).rejects.toThrow('no luck')
    expect(runs).toBe(4)
  })
})

describe('a resource with a request_id', () => {
  const caller = randomUUID()
  const keyOf = (key: string, hash = 'a') => ({ callerId: caller, method: '/m', key, requestHash: Buffer.from(hash) })
  const create = (key: ReturnType<typeof keyOf> | undefined, id: string, work: Work<string> = async () => 'made') =>
    createInTransaction(
      {
        idempotencyKey: key,
        origin: CAUSE,
        sql: database.sql,
        transaction: (work) => database.transaction(CAUSE, work),
      },
      id,
      work,
      async (resourceId) => `loaded ${resourceId}`,
    )

  test('is made once, and then loaded', async () => {
    const [key, first] = [keyOf(randomUUID()), randomUUID()]
    const make: Work<string> = async (em) => {
      em.create(Nothing, { id: 5 })
      return 'made'
    }
    expect(await create(key, first, make)).toBe('made')
    expect(await create(key, randomUUID(), make)).toBe(`loaded ${first}`)
    expect(await rows()).toEqual([5])
  })

  test('is refused when the same id asks for something else', async () => {
    const key = randomUUID()
    await create(keyOf(key), randomUUID())
    await expect(create(keyOf(key, 'b'), randomUUID())).rejects.toMatchObject({ reason: 'REQUEST_ID_REUSED' })
  })

  test('can be made by a later call when the first one failed', async () => {
    const key = keyOf(randomUUID())
    const failing = create(key, randomUUID(), async () => {
      throw new Error('refused')
    })
    await expect(failing).rejects.toThrow('refused')
    expect(await create(key, randomUUID())).toBe('made')
  })

  test('while the first call runs, is to be asked for again', async () => {
    const key = keyOf(randomUUID())
    const { promise, resolve } = Promise.withResolvers<void>()
    let isRunning = false
    const first = create(key, randomUUID(), async () => {
      isRunning = true
      await promise
      return 'made'
    })
    await until('the first call to run', () => isRunning)
    await expect(create(key, randomUUID())).rejects.toMatchObject({ reason: 'REQUEST_IN_PROGRESS' })
    resolve()
    expect(await first).toBe('made')
  })

  test('without one is made each time', async () => {
    expect([await create(undefined, randomUUID()), await create(undefined, randomUUID())]).toEqual(['made', 'made'])
  })
})
