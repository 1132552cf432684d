import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { headers } from '@nats-io/transport-node'
import { jetstream } from '@nats-io/jetstream'
import { v7 } from 'uuid'
import type { Received } from '#chassis/events/envelope.ts'
import { until } from '#chassis/testing/until.ts'
import { EVENTS } from '#contracts/events.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { commands } from '../commands.ts'
import { type AnalyticsTest, COUNTED, eventOf, startAnalytics, viewsOf } from './harness.ts'

// What goes through a real NATS: the other tests hand events to the same functions as the consumer does.
let broker: TestBroker
let service: AnalyticsTest

beforeAll(async () => {
  broker = await startTestBroker()
  service = await startAnalytics(broker.url)
})
afterAll(async () => {
  await service.stop()
  await broker.stop()
})

/** Publishes events as their services would, under message ids of their own when `messageIds` has some. */
async function publish(events: Received[], messageIds = events.map(({ id }) => id)) {
  const js = jetstream(broker.connection)
  for (const [index, { event, payload, id }] of events.entries()) {
    const subject = event.perAggregate ? `${event.subject}.${id}` : event.subject
    const data = event.message.encode(payload).finish()
    const messageHeaders = headers()
    messageHeaders.set('Nats-Msg-Id', messageIds[index]!)
    await js.publish(subject, data, { headers: messageHeaders })
  }
}

const handled = () =>
  until('everything to have been handled', async () => {
    const infos = ['PF_USER', 'PF_PROMPT', 'PF_VERSION'].map((stream) =>
      broker.manager.consumers.info(stream, 'analytics'),
    )
    const all = await Promise.all(infos)
    const left = all.map(({ num_pending: unread, num_ack_pending: unacknowledged }) => unread + unacknowledged)
    return left.every((count) => count === 0)
  })

const deadLetters = async () => (await broker.manager.streams.info('PF_DEAD_LETTER')).state.messages
const events = async () =>
  Number((await service.database.query<{ sum: string }>('select sum(count) from platform_totals'))[0]!.sum ?? 0)

test('every event of the catalogue that analytics counts arrives and is counted', async () => {
  await publish(COUNTED.map((event) => eventOf(event)))
  await handled()
  expect(await events()).toBe(COUNTED.length)
  expect(await service.recount()).toEqual([])
})

test('poison goes to the dead letters, and what is behind it flows on', async () => {
  const [before, letters] = [await events(), await deadLetters()]
  const known = eventOf(EVENTS.promptLiked)
  const again = eventOf(EVENTS.versionCreated, { id: known.id, at: new Date(Date.now() - 1000) })
  const view = { id: known.id, at: new Date(Date.now() - 2000) }
  await publish([known])
  await handled()
  await service.silenced(async () => {
    await publish([
      eventOf(EVENTS.promptLiked),
      again,
      eventOf(EVENTS.promptRated, { title: 'x'.repeat(201) }),
      viewsOf([{}, view]),
    ])
    await publish([eventOf(EVENTS.promptLiked)], ['no id'])
    await publish([eventOf(EVENTS.promptLiked), eventOf(EVENTS.versionCreated)])
    await handled()
  })
  expect(await deadLetters()).toBe(letters + 4)
  expect(await events()).toBe(before + 5)
  expect(await service.recount()).toEqual([])
})

test('events for whose month a partition is being made arrive all the same', async () => {
  const before = await events()
  const now = new Date()
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 5, 15))
  const run = commands(service.service.context)
  // An insert that meets the partition being made fails, and its event comes again.
  await service.silenced(async () => {
    await Promise.all([
      ...Array.from({ length: 50 }, () => publish([eventOf(EVENTS.promptLiked, { at: month })])),
      run.partition([month.toISOString().slice(0, 7)]),
    ])
    await handled()
  })
  expect(await events()).toBe(before + 50)
  expect(await service.database.query('select from prompt_activity_events_default')).toEqual([])
  expect(await service.recount()).toEqual([])
})

test('a replica that joins shares the work, and nothing is counted twice', async () => {
  const before = await events()
  const replica = await startAnalytics(broker.url, service.database)
  const all = Array.from({ length: 2000 }, (_, index) =>
    index % 2 === 0 ? eventOf(EVENTS.promptLiked, { about: v7() }) : viewsOf([{}, {}]),
  )
  await Promise.all([0, 1, 2, 3].map((part) => publish(all.filter((_, index) => index % 4 === part))))
  await handled()
  await replica.stop()
  expect(await events()).toBe(before + 3000)
  expect(await service.recount()).toEqual([])
})
