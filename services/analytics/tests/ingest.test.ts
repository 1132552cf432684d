import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { whileLocked } from '#chassis/testing/lock-waits.ts'
import { type EventDefinition, EVENTS } from '#contracts/events.ts'
import { type AnalyticsTest, COUNTED, eventOf, startAnalytics, viewsOf } from './harness.ts'

let service: AnalyticsTest

beforeAll(async () => {
  service = await startAnalytics()
})
beforeEach(() => service.clear())
afterAll(() => service.stop())

const rows = (table: string) => service.database.query(`select * from ${table} order by event_time, event_id`)
const total = async () =>
  Object.fromEntries(
    (await service.database.query<{ event_type: string; count: string }>('select * from platform_totals')).map(
      ({ event_type: type, count }) => [type, Number(count)],
    ),
  )

test('an event is stored in the table of what it is about, whatever its stream', async () => {
  const signedIn: EventDefinition<any> = { ...EVENTS.userSignedIn, stream: 'PF_PROMPT' }
  const [user, prompt] = [v7(), v7()]
  const batch = [eventOf(signedIn, { about: user }), eventOf(EVENTS.promptLiked, { about: prompt })]
  expect(await service.ingest(...batch)).toEqual([])
  expect(await rows('user_activity_events')).toMatchObject([{ user_id: user, event_type: 'user.signed_in' }])
  expect(await rows('prompt_activity_events')).toMatchObject([{ prompt_id: prompt, event_type: 'prompt.liked' }])
})

describe.each(COUNTED.map((event) => [event.name, event] as const))('%s', (name, event) => {
  const type = name === 'prompt.views_recorded' ? 'prompt.viewed' : name
  // A test or a comparison is an activity of its user.
  const isUsers = event.about !== 'prompt'

  test('is stored and counted', async () => {
    const about = v7()
    const actor = event.about === 'user' ? about : v7()
    const received = eventOf(event, { about, actor })
    expect(await service.ingest(received)).toEqual([])
    const id = isUsers ? { user_id: actor } : { prompt_id: about }
    const stored = await rows(isUsers ? 'user_activity_events' : 'prompt_activity_events')
    expect(stored).toMatchObject([{ ...id, event_id: received.id, event_type: type }])
    const daily = await service.database.query(`select * from ${isUsers ? 'user_daily' : 'prompt_daily'}`)
    expect(daily).toMatchObject([{ ...id, event_type: type, count: '1' }])
    expect(await total()).toEqual({ [type]: 1 })
    expect(await service.recount()).toEqual([])
  })

  test('is counted once when it comes twenty times, alone and in one batch', async () => {
    const received = eventOf(event)
    for (let time = 0; time < 10; time += 1) expect(await service.ingest(received)).toEqual([])
    expect(await service.ingest(...Array.from({ length: 10 }, () => received))).toEqual([])
    expect(await total()).toEqual({ [type]: 1 })
    expect(await service.recount()).toEqual([])
  })

  test('of one user is counted for each thing that it is about', async () => {
    const actor = v7()
    await service.ingest(...[v7(), v7()].map((about) => eventOf(event, { about, actor })))
    expect(await total()).toEqual({ [type]: 2 })
    expect(await service.recount()).toEqual([])
  })
})

describe('what is stored', () => {
  test('of an event about a user are the columns of the seed, and the rest as properties', async () => {
    const at = new Date('2026-11-02T03:04:05.678Z')
    const more = { previousUsername: 'before' }
    await service.ingest(
      eventOf(EVENTS.userRegistered, { at }),
      eventOf(EVENTS.userRenamed, { at, username: 'after', more }),
    )
    expect(await rows('user_activity_events')).toMatchObject([
      { event_time: at, username: 'somebody', email: 'somebody@example.org', properties: null },
      { event_time: at, username: 'after', email: null, properties: { previousUsername: 'before' } },
    ])
  })

  test('of an event about a prompt is who did it, its title and category, and the rest as properties', async () => {
    const [actor, owner] = [v7(), v7()]
    await service.ingest(eventOf(EVENTS.promptRated, { actor, owner, revision: 7, more: { rating: 4 } }))
    expect(await rows('prompt_activity_events')).toMatchObject([
      {
        user_id: actor,
        username: 'somebody',
        title: 'A title',
        category: 'writing',
        viewer_hash: null,
        properties: { rating: 4, revision: 7, visible: true, ownerId: owner },
      },
    ])
  })

  test('of what is empty is null', async () => {
    await service.ingest(eventOf(EVENTS.promptUpdated, { title: '', category: '' }))
    expect(await rows('prompt_activity_events')).toMatchObject([{ title: null, category: null }])
  })

  test('of a view by who is not signed in is their hash and no user', async () => {
    const viewerHash = 'a'.repeat(32)
    await service.ingest(viewsOf([{ actor: '', viewerHash }]))
    expect(await rows('prompt_activity_events')).toMatchObject([
      { event_type: 'prompt.viewed', user_id: null, username: null, viewer_hash: viewerHash },
    ])
  })

  test('of a message about views is a row for each, with its own id', async () => {
    const views = Array.from({ length: 256 }, () => ({ id: v7() }))
    await service.ingest(viewsOf(views))
    const stored = await rows('prompt_activity_events')
    expect(new Set(stored.map(({ event_id: id }) => id))).toEqual(new Set(views.map(({ id }) => id)))
    expect(stored).toHaveLength(256)
    expect(await total()).toEqual({ 'prompt.viewed': 256 })
  })

  test('of many messages about many views takes several statements', async () => {
    const messages = Array.from({ length: 20 }, () => viewsOf(Array.from({ length: 256 }, () => ({}))))
    expect(await service.ingest(...messages)).toEqual([])
    expect(await total()).toEqual({ 'prompt.viewed': 20 * 256 })
    expect(await service.recount()).toEqual([])
  })

  test('is counted by days and hours of UTC', async () => {
    const about = v7()
    const at = (time: string) => eventOf(EVENTS.promptLiked, { about, at: new Date(time) })
    await service.ingest(at('2026-11-02T23:59:59.999Z'), at('2026-11-03T00:00:00.000Z'), at('2026-11-03T00:59:59.999Z'))
    const days = await service.database.query('select day::text, count::integer from prompt_daily order by day')
    expect(days).toEqual([
      { day: '2026-11-02', count: 1 },
      { day: '2026-11-03', count: 2 },
    ])
    const hours = await service.database.query('select hour, count::integer from platform_hourly order by hour')
    expect(hours).toEqual([
      { hour: new Date('2026-11-02T23:00:00Z'), count: 1 },
      { hour: new Date('2026-11-03T00:00:00Z'), count: 2 },
    ])
  })
})

describe('a replay of everything', () => {
  test('changes nothing', async () => {
    const events = COUNTED.map((event) => eventOf(event))
    await service.ingest(...events)
    const before = await service.snapshot()
    await service.ingest(...events.toReversed())
    for (const event of events) await service.ingest(event)
    expect(await service.snapshot()).toEqual(before)
    expect(before.totals).toHaveLength(events.length)
  })

  test('by two replicas at once counts everything once', async () => {
    const events = Array.from({ length: 300 }, () => eventOf(EVENTS.promptLiked, { about: v7() }))
    await Promise.all([service.ingest(...events), service.ingest(...events.toReversed()), service.ingest(...events)])
    expect(await total()).toEqual({ 'prompt.liked': 300 })
    expect(await service.recount()).toEqual([])
  })
})

test('somebody who is erased while an event is being stored is not named in it', async () => {
  const userId = v7()
  let storing: Promise<unknown> | undefined
  await whileLocked(service.database, ['lock table prompt_facts in exclusive mode'], async (waiters) => {
    storing = service.ingest(eventOf(EVENTS.promptLiked, { actor: userId, username: 'ann' }))
    await waiters(1)
    await service.ingest(eventOf(EVENTS.userErased, { about: userId }))
  })
  await storing
  expect(await rows('prompt_activity_events')).toMatchObject([{ user_id: userId, username: null }])
})
