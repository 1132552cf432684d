import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { randomOf } from '#chassis/testing/random.ts'
import { EVENTS } from '#contracts/events.ts'
import { commands } from '../commands.ts'
import { type AnalyticsTest, eventOf, startAnalytics } from './harness.ts'
import { someEvents } from './random-events.ts'

let service: AnalyticsTest

beforeAll(async () => {
  service = await startAnalytics()
  // Random events are up to 60 days old.
  await service.database.query(
    `select make_event_partitions((date_trunc('month', now()) - n * interval '1 month')::date) from generate_series(1, 3) n`,
  )
})
beforeEach(() => service.clear())
afterAll(() => service.stop())

const rebuild = () => commands(service.service.context).rebuild()
const query = (text: string) => service.database.query(text)

/** Counts wrongly what there is, and counts what never happened. */
async function spoil() {
  for (const table of ['prompt_daily', 'user_daily', 'platform_hourly', 'platform_totals'])
    await query(`update ${table} set count = count * 2`)
  await query('update sales_hourly set sales = sales + 1, amount_cents = 0 where refunds = 0')
  await query('delete from sales_hourly where refunds > 0')
  await query(`insert into prompt_daily select prompt_id, day, 'never', 1 from prompt_daily on conflict do nothing`)
  await query('delete from prompt_daily where count = 4')
  await query('delete from prompt_votes where weight > 1')
  await query('update prompt_votes set weight = 9, voted_at = now()')
}

test.each([1, 2, 3])(
  'rollups that are rebuilt from random events equal those that were counted as they came (seed %i)',
  async (seed) => {
    const events = someEvents(randomOf(seed))
    for (let at = 0; at < events.length; at += 50) await service.ingest(...events.slice(at, at + 50))
    const counted = await service.snapshot()
    expect(counted.votes.length).toBeGreaterThan(50)
    expect(counted.sales.length).toBeGreaterThan(10)
    await spoil()
    expect(await service.snapshot()).not.toEqual(counted)
    await rebuild()
    expect(await service.snapshot()).toEqual(counted)
    expect(await service.recount()).toEqual([])
  },
)

test('events that come while rollups are rebuilt are counted once', async () => {
  const likes = () => Array.from({ length: 20 }, () => eventOf(EVENTS.promptLiked, { about: v7() }))
  await service.ingest(...likes())
  await Promise.all([rebuild(), ...Array.from({ length: 10 }, () => service.ingest(...likes()))])
  const [total] = await query('select count::integer from platform_totals')
  expect(total).toEqual({ count: 220 })
  expect(await service.recount()).toEqual([])
})

test('what was counted of a month that has been detached stays', async () => {
  const about = v7()
  await query(`insert into prompt_daily values ('${about}', '2021-05-01', 'prompt.liked', 7)`)
  await query(`insert into platform_hourly values ('2021-05-01T00:00:00Z', 'prompt.liked', 7)`)
  await query(`insert into sales_hourly values ('${about}', '${about}', '2021-05-01T00:00:00Z', 'USD', 7, 1, 600, 60)`)
  await service.ingest(eventOf(EVENTS.promptLiked, { about }))
  const { rebuilt } = await rebuild()
  expect(rebuilt).not.toContain('2021-05-01')
  expect(await query(`select sum(count)::integer from prompt_daily where prompt_id = '${about}'`)).toEqual([{ sum: 8 }])
  expect(await query('select count::integer from platform_totals')).toEqual([{ count: 8 }])
  expect(await query('select sales::integer from sales_hourly')).toEqual([{ sales: 7 }])
})
