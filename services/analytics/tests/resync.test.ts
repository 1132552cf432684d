import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import type { Received } from '#chassis/events/envelope.ts'
import { EVENTS } from '#contracts/events.ts'
import { type AnalyticsTest, COUNTED, eventOf, startAnalytics } from './harness.ts'

/** Long enough ago for analytics to have forgotten the ids of events. */
const LONG_AGO = new Date('2026-02-03T10:00:00Z')

let service: AnalyticsTest

beforeAll(async () => {
  service = await startAnalytics()
})
beforeEach(() => service.clear())
afterAll(() => service.stop())

const totals = () =>
  service.database.query('select event_type, count::integer from platform_totals order by event_type')
const facts = () => service.database.query('select visible, deleted, revision::integer from prompt_facts')

const ONCE = COUNTED.filter(({ happens }) => happens !== 'OFTEN')

describe.each(ONCE.map((event) => [event.name, event] as const))('%s that comes under two ids', (name, event) => {
  const said = () => ({ about: v7(), owner: v7(), at: LONG_AGO, revision: 3 })
  const twice = () => {
    const one = said()
    return { real: eventOf(event, one), told: eventOf(event, { ...one, resync: true }) }
  }

  test.each<[string, (events: { real: Received; told: Received }) => Promise<unknown>]>([
    ['one after the other', async ({ real, told }) => (await service.ingest(real), service.ingest(told))],
    ['the other way round', async ({ real, told }) => (await service.ingest(told), service.ingest(real))],
    ['in one batch', ({ real, told }) => service.ingest(real, told)],
    [
      'at two replicas at once',
      ({ real, told }) => Promise.all([service.ingest(real, told), service.ingest(told, real)]),
    ],
  ])('%s is counted once', async (_, ingest) => {
    await ingest(twice())
    expect(await totals()).toEqual([{ event_type: name, count: 1 }])
    expect(await service.recount()).toEqual([])
  })

  test('many of them, at eight replicas at once, are each counted once', async () => {
    const pairs = Array.from({ length: 20 }, twice)
    const events = pairs.flatMap(({ real, told }) => [real, told])
    await Promise.all(
      Array.from({ length: 8 }, (_, nth) => service.ingest(...(nth % 2 ? events : events.toReversed()))),
    )
    expect(await totals()).toEqual([{ event_type: name, count: 20 }])
    expect(await service.recount()).toEqual([])
  })

  test('is counted once also when its ids were forgotten', async () => {
    const { real, told } = twice()
    for (const event of [told, real, told]) {
      await service.ingest(event)
      await service.database.query('truncate event_ids')
    }
    expect(await totals()).toEqual([{ event_type: name, count: 1 }])
  })
})

test('what can happen often is not counted when resync tells it, for it may have been counted before', async () => {
  expect(await service.ingest(eventOf(EVENTS.userRenamed, { resync: true }))).toEqual([])
  expect(await totals()).toEqual([])
  await service.ingest(eventOf(EVENTS.userRenamed))
  expect(await totals()).toEqual([{ event_type: 'user.renamed', count: 1 }])
})

test('versions of one prompt are counted each', async () => {
  const about = v7()
  await service.ingest(...[1, 2, 3, 2].map((revision) => eventOf(EVENTS.versionCreated, { about, revision })))
  expect(await totals()).toEqual([{ event_type: 'version.created', count: 3 }])
})

describe('what resync tells of a prompt', () => {
  const said = () => ({ about: v7(), owner: v7(), at: LONG_AGO })

  test('brings what is known up to date, and the numbers still agree', async () => {
    const prompt = said()
    await service.ingest(eventOf(EVENTS.promptCreated, { ...prompt, revision: 1, visible: true }))
    await service.ingest(eventOf(EVENTS.promptCreated, { ...prompt, revision: 7, visible: false, resync: true }))
    expect(await facts()).toEqual([{ visible: false, deleted: false, revision: 7 }])
    expect(await totals()).toEqual([{ event_type: 'prompt.created', count: 1 }])
    expect(await service.recount()).toEqual([])
    await service.ingest(eventOf(EVENTS.promptUpdated, { ...prompt, revision: 8, visible: true }))
    await service.database.query('update prompt_facts set visible = false')
    expect(await service.recount()).toMatchObject([{ place: 'prompt_facts' }])
  })

  test('never takes the place of what is newer', async () => {
    const prompt = said()
    await service.ingest(eventOf(EVENTS.promptUpdated, { ...prompt, revision: 8, visible: false }))
    await service.ingest(eventOf(EVENTS.promptCreated, { ...prompt, revision: 7, visible: true, resync: true }))
    expect(await facts()).toEqual([{ visible: false, deleted: false, revision: 8 }])
    expect(await service.recount()).toEqual([])
  })

  test.each([[[0, 1]], [[1, 0]]])('does not bring a deleted one back, in the order %j', async (order) => {
    const prompt = { ...said(), revision: 5, visible: false, resync: true }
    const events = [eventOf(EVENTS.promptCreated, prompt), eventOf(EVENTS.promptDeleted, { ...prompt, actor: '' })]
    for (const nth of order) await service.ingest(events[nth]!)
    await service.ingest(eventOf(EVENTS.promptCreated, { ...prompt, revision: 4, visible: true }))
    expect(await facts()).toEqual([{ visible: false, deleted: true, revision: 5 }])
    expect(await service.recount()).toEqual([])
  })
})
