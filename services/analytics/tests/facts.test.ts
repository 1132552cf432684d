import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
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

/** What happens to a prompt, from its beginning to its end. */
function storyOf(about: string, owner: string) {
  const said = { about, owner }
  return [
    eventOf(EVENTS.promptCreated, { ...said, revision: 1, visible: false }),
    eventOf(EVENTS.promptUpdated, { ...said, revision: 2, visible: true }),
    eventOf(EVENTS.promptLiked, { ...said, revision: 2, visible: true }),
    eventOf(EVENTS.promptUpdated, { ...said, revision: 3, visible: false }),
    eventOf(EVENTS.promptDeleted, { ...said, revision: 4, visible: false }),
  ]
}

function* orders<T>(items: T[]): Generator<T[]> {
  if (items.length === 0) yield []
  for (const [index, item] of items.entries())
    for (const rest of orders(items.toSpliced(index, 1))) yield [item, ...rest]
}

const facts = () => service.database.query('select owner_id, visible, deleted, revision from prompt_facts')

describe.each([
  ['one by one', (events: Received[]) => events.map((event) => [event])],
  ['in one batch', (events: Received[]) => [events]],
])('events of a prompt that come %s', (_, batches) => {
  test.each([
    ['to the end', 5, { visible: false, deleted: true, revision: '4' }],
    ['without the end', 4, { visible: false, deleted: false, revision: '3' }],
    ['until it is shown', 3, { visible: true, deleted: false, revision: '2' }],
  ])('in every order, %s, come to the same', async (_name, length, expected) => {
    const owner = v7()
    const prompts = [...orders([0, 1, 2, 3, 4].slice(0, length))].map((order) => ({ order, about: v7() }))
    await Promise.all(
      prompts.map(async ({ order, about }) => {
        const story = storyOf(about, owner)
        for (const batch of batches(order.map((index) => story[index]!))) await service.ingest(...batch)
      }),
    )
    expect(await facts()).toEqual(prompts.map(() => ({ owner_id: owner, ...expected })))
    const daily = await service.database.query(
      'select event_type, count(*)::integer from prompt_daily group by 1, count',
    )
    expect(new Set(daily.map(({ count }) => count))).toEqual(new Set([prompts.length]))
    expect(await service.recount()).toEqual([])
  })
})

test('a deleted prompt stays deleted, whatever comes', async () => {
  const said = { about: v7(), owner: v7() }
  await service.ingest(storyOf(said.about, said.owner)[4]!)
  await service.ingest(eventOf(EVENTS.promptUpdated, { ...said, revision: 9, visible: true }))
  expect(await facts()).toMatchObject([{ visible: false, deleted: true }])
})

test('views and versions say nothing of whose a prompt is', async () => {
  await service.ingest(eventOf(EVENTS.promptViewsRecorded), eventOf(EVENTS.versionCreated, { revision: 50 }))
  expect(await facts()).toEqual([])
})
