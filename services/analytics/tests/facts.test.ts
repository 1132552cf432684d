import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import type { Received } from '#chassis/events/envelope.ts'
import { EVENTS } from '#contracts/events.ts'
import { type AnalyticsTest, eventOf, startAnalytics } from './harness.ts'

let service: AnalyticsTest

beforeAll(async () => {
  service = await startAnalytics()
})
beforeEach(() => service.clear())
afterAll(() => service.stop())

const about = v7()
const owner = v7()
const said = { about, owner }

const STORY = [
  eventOf(EVENTS.promptCreated, { ...said, revision: 1, visible: false }),
  eventOf(EVENTS.promptUpdated, { ...said, revision: 2, visible: true }),
  eventOf(EVENTS.promptLiked, { ...said, revision: 2, visible: true }),
  eventOf(EVENTS.promptUpdated, { ...said, revision: 3, visible: false }),
  eventOf(EVENTS.promptDeleted, { ...said, revision: 4, visible: false }),
]

function* orders<T>(items: T[]): Generator<T[]> {
  if (items.length === 0) yield []
  for (const [index, item] of items.entries())
    for (const rest of orders(items.toSpliced(index, 1))) yield [item, ...rest]
}

const facts = () => service.database.query('select * from prompt_facts')

test.each([
  ['one by one', (events: Received[]) => events.map((event) => [event])],
  ['in one batch', (events: Received[]) => [events]],
])('the events of a prompt come %s in every order, and the end is the same', async (_, batches) => {
  for (const batch of batches(STORY)) await service.ingest(...batch)
  const expected = await service.snapshot()
  expect(expected.facts).toEqual([{ prompt_id: about, owner_id: owner, visible: false, deleted: true, revision: '4' }])
  for (const order of orders(STORY)) {
    await service.clear()
    for (const batch of batches(order)) await service.ingest(...batch)
    expect(await service.snapshot()).toEqual(expected)
  }
  expect(await service.recount()).toEqual([])
})

test('without its end, the last revision counts', async () => {
  for (const order of orders(STORY.slice(0, 4))) {
    await service.clear()
    for (const event of order) await service.ingest(event)
    expect(await facts()).toMatchObject([{ visible: false, deleted: false, revision: '3' }])
  }
})

test('a deleted prompt stays deleted, whatever comes', async () => {
  await service.ingest(STORY[4]!)
  await service.ingest(eventOf(EVENTS.promptUpdated, { ...said, revision: 9, visible: true }))
  expect(await facts()).toMatchObject([{ visible: false, deleted: true }])
})

test('views and versions say nothing of whose a prompt is', async () => {
  await service.ingest(
    eventOf(EVENTS.promptViewsRecorded, said),
    eventOf(EVENTS.versionCreated, { ...said, revision: 50 }),
  )
  expect(await facts()).toEqual([])
})
