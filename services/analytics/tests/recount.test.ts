import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import type { Received } from '#chassis/events/envelope.ts'
import { randomOf } from '#chassis/testing/random.ts'
import { EVENTS } from '#contracts/events.ts'
import { recount } from '../db/recount.ts'
import { type AnalyticsTest, eventOf, startAnalytics } from './harness.ts'
import { someEvents } from './random-events.ts'

let service: AnalyticsTest

beforeAll(async () => {
  service = await startAnalytics()
})
beforeEach(() => service.clear())
afterAll(() => service.stop())

test.each([1, 2, 3])('whatever comes, in whatever batches, is counted as the events say (seed %i)', async (seed) => {
  const random = randomOf(seed)
  const events = someEvents(random)
  for (let at = 0; at < events.length;) {
    const size = 1 + Math.floor(random() * 60)
    await Promise.all([
      service.ingest(...events.slice(at, at + size)),
      service.ingest(...events.slice(at, at + size / 2)),
    ])
    at += size
  }
  const views = (event: Received) => (event.payload as { views?: unknown[] }).views?.length ?? 1
  const expected = [...new Set(events)].reduce((sum, event) => sum + views(event), 0)
  const [row] = await service.database.query('select sum(count)::integer as total from platform_totals')
  expect(row).toEqual({ total: expected })
  expect(await service.recount()).toEqual([])
})

describe('recount', () => {
  const at = new Date('2026-11-20T10:00:00Z')
  const [about, user] = [v7(), v7()]

  beforeEach(() =>
    service.ingest(
      eventOf(EVENTS.promptCreated, { about, owner: user, at }),
      eventOf(EVENTS.userSignedIn, { about: user, at }),
      eventOf(EVENTS.purchaseCompleted, { actor: user, at }),
    ),
  )

  test.each([
    ['a day of a prompt', 'update prompt_daily set count = 2', 'prompt_daily', '2', '1'],
    [
      'a day without an event',
      `update user_daily set day = '2026-11-19' where event_type = 'user.signed_in'`,
      'user_daily',
      '1',
      null,
    ],
    ['an hour', `delete from platform_hourly where event_type = 'user.signed_in'`, 'platform_hourly', null, '1'],
    ['a total', 'update platform_totals set count = 5', 'platform_totals', '5', '1'],
    ['an event that was not counted', 'delete from prompt_activity_events', 'prompt_daily', '1', null],
    ['sales', 'update sales_hourly set amount_cents = 1', 'sales_hourly', '1 0 1 400', '1 0 1999 400'],
    ['sales that are not counted', 'delete from sales_hourly', 'sales_hourly', null, '1 0 1999 400'],
    ['a sale without an event', 'delete from user_activity_events', 'sales_hourly', '1 0 1999 400', null],
  ])('finds %s', async (_, spoil, place, stored, counted) => {
    await service.database.query(spoil)
    expect(await service.recount()).toContainEqual({ place, key: expect.any(String), stored, counted })
  })

  test.each(['visible = false', 'deleted = true, visible = false', 'revision = 2', 'owner_id = prompt_id'])(
    'finds a prompt of which %s is wrong',
    async (wrong) => {
      await service.database.query(`update prompt_facts set ${wrong}`)
      expect(await service.recount()).toMatchObject([{ place: 'prompt_facts', key: about }])
    },
  )

  test('finds a prompt that is not known, and one of which nobody has told', async () => {
    await service.database.query('update prompt_facts set prompt_id = owner_id')
    const found = await service.recount()
    expect(found.map(({ key }) => key).toSorted()).toEqual([about, user].toSorted())
  })

  // One is run for each row, unless it is cheap to hash: with ten million events it was not.
  test('reads the events as often for many prompts as for one: its plan has no query for each row', async () => {
    let plan = ''
    await recount(async (text) => {
      const rows = await service.database.query<Record<string, unknown>>(`explain (format json) ${text}`)
      plan = JSON.stringify(rows)
      return []
    })
    expect(plan.includes('prompt_facts')).toBe(true)
    expect(plan.match(/"SubPlan \d+"/g) ?? []).toEqual([])
  })
})
