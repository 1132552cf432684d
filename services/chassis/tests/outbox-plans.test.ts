import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { createOutboxSearch } from '../events/outbox-search.ts'
import { countWaiting, makeWait, readWaiting } from '../events/postgres-outbox.ts'
import { FIRST_ID, firstIdOf } from '../ids.ts'
import { type TestDatabase, testDatabase } from '../testing/database.ts'
import { planOf } from '../testing/plan-of.ts'
import { asking, describePlans, pagesRead } from '../testing/plans.ts'
import { emitDeleted, eventSchema } from './event-harness.ts'

const ROWS = 300_000
const HOUR_MS = 3_600_000

let database: TestDatabase

// A day of events, to two minutes ago.
beforeAll(async () => {
  database = await testDatabase(eventSchema)
  await database.query(
    `insert into outbox (id, subject, payload, occurred_at)
    select uuidv7(-at), 'pf.prompt.prompt.deleted.v1', '{}', now() - at
    from generate_series($1::integer, 1, -1) n, lateral (select interval '2 minutes' + n * interval '288 ms' as at) made`,
    [ROWS],
  )
})
afterAll(() => database.drop())

describe('in an outbox of 300,000 published events', () => {
  // A dump holds a snapshot in which they all wait.
  let dump: Client

  beforeAll(async () => {
    dump = new Client({ connectionString: database.url })
    await dump.connect()
    await dump.query('begin isolation level repeatable read')
    await dump.query('select from outbox limit 1')
    await database.query('update outbox set processed_at = now()')
    await emitDeleted(database, 10)
    await database.query('vacuum analyze outbox')
  })
  afterAll(() => dump.end())

  describePlans(
    () => database,
    [
      asking(readWaiting, { after: firstIdOf(Date.now() - 5000), without: ['pf.user.%'] }),
      asking(countWaiting, {}),
      asking(makeWait, { since: new Date(Date.now() - HOUR_MS), after: firstIdOf(Date.now() - 2 * HOUR_MS) }),
    ],
  )

  test('a search looks at all of them at first and then at few, though a dump holds a snapshot in which they wait', async () => {
    const search = createOutboxSearch()
    const look = async (after: string | undefined) => {
      const params = { after: after ?? FIRST_ID, without: [] }
      return pagesRead(await planOf(database, 'generic', readWaiting, params))
    }
    const nextLook = () => search.find(look, () => undefined)
    expect(await nextLook()).toBeGreaterThan(ROWS / 100)
    for (const _ of Array.from({ length: 20 })) expect(await nextLook()).toBeLessThan(50)
  })

  test('a page of a replay is looked for from the time of its first event', async () => {
    const at = Date.now() - HOUR_MS
    const params = { since: new Date(at), after: firstIdOf(at) }
    const plan = await planOf(database, 'generic', makeWait, params)
    const found = plan.find((node) => node['Node Type'] === 'Limit')
    expect(found!['Actual Rows']).toBe(5000)
    // An entry in the index and two rows of each: as it waited, and as it was published.
    expect(pagesRead([found!])).toBeLessThan(5 * 5000)
  })
})
