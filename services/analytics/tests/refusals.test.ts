import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { EVENTS } from '#contracts/events.ts'
import { type AnalyticsTest, eventOf, type Said, startAnalytics, viewsOf } from './harness.ts'

let service: AnalyticsTest

beforeAll(async () => {
  service = await startAnalytics()
})
beforeEach(() => service.clear())
afterAll(() => service.stop())

const HOUR = 3_600_000
const before = (ms: number) => new Date(Date.now() - ms)
const totals = () => service.database.query('select event_type, count::integer from platform_totals order by 1')
const CLASH = 'its id is known, with another time'

describe('an id that comes again with another time', () => {
  const first: Said = { id: v7(), at: before(2 * HOUR) }
  const others: [string, Date][] = [
    ['a millisecond later', new Date(first.at!.getTime() + 1)],
    ['in another month', before(40 * 24 * HOUR)],
    ['now', before(0)],
  ]

  test.each(others)('%s is refused, and what it says is not taken', async (_, at) => {
    const about = v7()
    await service.ingest(eventOf(EVENTS.promptCreated, { ...first, about }))
    const known = await service.snapshot()
    const again = eventOf(EVENTS.promptUpdated, { ...first, at, about, revision: 9, visible: false })
    const good = eventOf(EVENTS.userSignedIn)
    expect(await service.ingest(again, good)).toEqual([{ received: again, reason: CLASH }])
    expect(await service.snapshot()).toMatchObject({ daily: known.daily, facts: known.facts })
    expect(await service.recount()).toEqual([])
  })

  test('is refused of a user too', async () => {
    await service.ingest(eventOf(EVENTS.userSignedIn, first))
    const again = eventOf(EVENTS.userSignedIn, { ...first, at: new Date() })
    expect(await service.ingest(again)).toEqual([{ received: again, reason: CLASH }])
    expect(await totals()).toEqual([{ event_type: 'user.signed_in', count: 1 }])
  })

  test('within one batch is refused, and the others of the batch are counted', async () => {
    const id = v7()
    const [one, same, other] = [before(2), before(2), before(1)].map((at) => eventOf(EVENTS.promptLiked, { id, at }))
    const good = [eventOf(EVENTS.promptLiked), eventOf(EVENTS.promptForked)] as const
    same!.payload = one!.payload
    expect(await service.ingest(good[0], one!, other!, same!, good[1])).toEqual([{ received: other, reason: CLASH }])
    expect(await totals()).toEqual([
      { event_type: 'prompt.forked', count: 1 },
      { event_type: 'prompt.liked', count: 2 },
    ])
    expect(await service.recount()).toEqual([])
  })

  test('among views is refused alone: the others of its message are counted', async () => {
    const id = v7()
    await service.ingest(viewsOf([{ id, at: before(HOUR) }]))
    const message = viewsOf([{}, { id, at: before(0) }, {}])
    expect(await service.ingest(message)).toEqual([{ received: message, reason: CLASH }])
    expect(await totals()).toEqual([{ event_type: 'prompt.viewed', count: 3 }])
  })
})

const LONG: [string, Said, string][] = [
  ['a title of 201 characters', { title: 'x'.repeat(201) }, 'its title is longer than 200 characters'],
  ['a category of 51', { category: 'x'.repeat(51) }, 'its category is longer than 50 characters'],
  ['a username of 51', { username: 'x'.repeat(51) }, 'its username is longer than 50 characters'],
]
const BAD: [string, Said, string][] = [
  ...LONG,
  ['an id that is none', { id: 'prompt-1' }, 'its id is not a UUID'],
  ['a prompt that is none', { about: 'p' }, 'its aggregate_id is not a UUID'],
  ['an actor that is none', { actor: 'ann' }, 'its user_id is not a UUID'],
  ['an owner that is none', { owner: 'ann' }, 'its owner_id is not a UUID'],
  ['a time to come', { at: new Date(Date.now() + 25 * HOUR) }, 'its occurred_at'],
  ['a time in another age', { at: new Date('0001-01-01T00:00:00Z') }, 'its occurred_at'],
  ['a NUL', { title: 'a\0b' }, 'its title has a NUL'],
  ['no metadata', { more: { metadata: undefined } }, 'its occurred_at is missing'],
]

describe('an event that can never be stored', () => {
  test.each(BAD)('with %s is refused, and the others of its batch are counted', async (_, said, reason) => {
    const bad = eventOf(EVENTS.promptRated, said)
    const refusals = await service.ingest(eventOf(EVENTS.promptRated), bad, eventOf(EVENTS.promptRated))
    expect(refusals).toEqual([{ received: bad, reason: expect.stringContaining(reason) }])
    expect(await totals()).toEqual([{ event_type: 'prompt.rated', count: 2 }])
  })

  test('is one about a user with an address of 101 characters', async () => {
    const bad = eventOf(EVENTS.userRegistered, { email: 'x'.repeat(101) })
    expect(await service.ingest(bad, eventOf(EVENTS.userRegistered))).toHaveLength(1)
    expect(await totals()).toEqual([{ event_type: 'user.registered', count: 1 }])
  })

  test('is one with a NUL in what becomes properties', async () => {
    const bad = eventOf(EVENTS.promptForked, { more: { forkId: 'a\0b' } })
    expect(await service.ingest(bad)).toEqual([{ received: bad, reason: 'it has a NUL' }])
  })

  test('is a view of nothing: the others of its message are counted', async () => {
    const message = viewsOf([{}, { about: 'p' }, {}])
    expect(await service.ingest(message)).toEqual([{ received: message, reason: 'its prompt_id is not a UUID' }])
    expect(await totals()).toEqual([{ event_type: 'prompt.viewed', count: 2 }])
  })
})

test('characters are counted as PostgreSQL counts them', async () => {
  const title = '🦊'.repeat(200)
  expect(await service.ingest(eventOf(EVENTS.promptCreated, { title, username: '🦊'.repeat(50) }))).toEqual([])
  expect(await service.database.query('select title from prompt_activity_events')).toEqual([{ title }])
})
