import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { jobCause } from '#chassis/cause.ts'
import { EVENTS } from '#contracts/events.ts'
import { makePartitions } from '../db/partitions.ts'
import { commands } from '../commands.ts'
import { jobs } from '../jobs.ts'
import { type AnalyticsTest, eventOf, startAnalytics } from './harness.ts'

let service: AnalyticsTest

beforeAll(async () => {
  service = await startAnalytics()
})
beforeEach(() => service.clear())
afterAll(() => service.stop())

const TABLES = ['user_activity_events', 'prompt_activity_events']
const run = (command: 'partition' | 'detach', ...args: string[]) => commands(service.service.context)[command](args)
const monthAt = (offset: number) => {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset)).toISOString().slice(0, 7)
}
const during = (month: string) => new Date(`${month}-15T12:00:00Z`)

/** Stores an event of each table in a month. */
const happen = (month: string) => {
  const at = during(month)
  return service.ingest(eventOf(EVENTS.userSignedIn, { at }), eventOf(EVENTS.promptLiked, { at }))
}

/** Where the rows lie. */
const places = async () => {
  const rows = await service.database.query<{ place: string }>(
    TABLES.map((table) => `select tableoid::regclass::text as place from ${table}`).join(' union all '),
  )
  return rows.map(({ place }) => place).toSorted()
}

const alarms = async () => {
  const text = await (await fetch(service.metricsUrl)).text()
  return TABLES.map((table) => {
    const [, value] = new RegExp(String.raw`default_partition_rows\{.*table="${table}".*\} (\d+)`).exec(text) ?? []
    return Number(value)
  })
}

describe('rows of a month without a partition', () => {
  const month = monthAt(-6)
  const suffix = month.replace('-', '_')

  test('are stored and counted in the default partition, which alarms, and move when their partition is made', async () => {
    expect(await alarms()).toEqual([0, 0])
    await happen(month)
    await happen(monthAt(-7))
    expect(await alarms()).toEqual([2, 2])
    expect(await places()).toEqual(
      ['prompt', 'prompt', 'user', 'user'].map((noun) => `${noun}_activity_events_default`),
    )
    const before = await service.snapshot()

    expect(await run('partition', month)).toEqual({ made: 3 })
    expect(await alarms()).toEqual([1, 1])
    expect(await places()).toEqual(
      ['prompt', 'user'].flatMap((noun) => [`${noun}_activity_events_${suffix}`, `${noun}_activity_events_default`]),
    )
    expect(await service.snapshot()).toEqual(before)
    expect(await service.recount()).toEqual([])
  })

  test('are known again after the move', async () => {
    const other = monthAt(-8)
    const event = eventOf(EVENTS.promptLiked, { at: during(other) })
    await service.ingest(event)
    await run('partition', other)
    expect(await service.ingest(event)).toEqual([])
    expect(await places()).toHaveLength(1)
  })
})

describe('making partitions', () => {
  test('again changes nothing', async () => {
    for (const { run: work } of jobs(service.service.context)) await work(AbortSignal.timeout(60_000), jobCause('test'))
    expect(await run('partition', monthAt(2))).toEqual({ made: 0 })
  })

  test('by several replicas at once makes each once', async () => {
    const month = `${monthAt(7)}-01`
    const { database } = service.service.context
    const made = await Promise.all([1, 2, 3, 4].map(() => makePartitions(database, [month])))
    expect(made.toSorted((a, b) => a - b)).toEqual([0, 0, 0, 3])
  })

  test('fails for a month that was detached and is still there, and makes the others', async () => {
    const [gone, other] = [monthAt(-12), monthAt(-13)]
    await run('partition', gone)
    await run('detach', gone)
    const { database } = service.service.context
    await expect(makePartitions(database, [`${gone}-01`, `${other}-01`])).rejects.toThrow(
      'partitions could not be made',
    )
    expect(await run('partition', other)).toEqual({ made: 0 })
  })
})

describe('detach', () => {
  test('takes an old month out of the tables, and leaves it as tables with its rows; what was counted stays', async () => {
    const month = monthAt(-10)
    const names = TABLES.map((table) => `${table}_${month.replace('-', '_')}`)
    await run('partition', month)
    await happen(month)
    await happen(monthAt(0))
    const before = await service.snapshot()
    expect(await run('detach', month)).toEqual({ detached: names })
    expect(await places()).toHaveLength(2)
    for (const name of names) expect(await service.database.query(`select from ${name}`)).toHaveLength(1)
    expect(await service.snapshot()).toEqual(before)
  })

  test('refuses a month of which events can still come again', async () => {
    await expect(run('detach', monthAt(0))).rejects.toThrow('can still come again')
    await expect(run('detach', monthAt(-1))).rejects.toThrow('can still come again')
    // The stream of the marketplace keeps 90 days.
    await expect(run('detach', monthAt(-3))).rejects.toThrow('can still come again')
  })

  test.each([
    ['no month', []],
    ['a month that is none', ['2026-13']],
    ['a day', ['2026-08-01']],
  ])('says what it wants instead of %s', async (_, args) => {
    await expect(run('detach', ...args)).rejects.toThrow('give a month, such as 2026-08')
  })

  test('says so when there is no partition of the month', async () => {
    await expect(run('detach', '2021-01')).rejects.toThrow('user_activity_events_2021_01')
  })
})

describe('ids of events', () => {
  test('are forgotten when the event cannot come again, and it is counted once all the same', async () => {
    const old = eventOf(EVENTS.promptLiked, { at: new Date(Date.now() - 46 * 24 * 3_600_000) })
    const recent = eventOf(EVENTS.promptLiked, { at: new Date(Date.now() - 44 * 24 * 3_600_000) })
    await service.ingest(old, recent)
    for (const { run: work } of jobs(service.service.context)) await work(AbortSignal.timeout(60_000), jobCause('test'))
    expect(await service.database.query('select event_id from event_ids')).toEqual([{ event_id: recent.id }])
    expect(await service.ingest(old, recent)).toEqual([])
    expect(await places()).toHaveLength(2)
    expect(await service.recount()).toEqual([])
  })
})
