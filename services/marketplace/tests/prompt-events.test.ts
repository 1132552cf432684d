import { randomUUID } from 'node:crypto'
import { jetstream } from '@nats-io/jetstream'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { until } from '#chassis/testing/until.ts'
import { EVENTS } from '#contracts/events.ts'
import { Listing_Status as Status } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import { PromptDeleted, PromptUpdated } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { type Marketplace, type Person, startMarketplace } from './harness.ts'

let broker: TestBroker
let market: Marketplace
let ann: Person

beforeAll(async () => {
  broker = await startTestBroker()
  market = await startMarketplace({ natsUrl: broker.url })
  ann = await market.person('ann')
})
afterAll(async () => {
  await market.stop()
  await broker.stop()
})

/** Publishes what the prompt service says of a prompt, and waits until this one has handled it. */
async function tell(fact: 'promptUpdated' | 'promptDeleted', promptId: string) {
  const metadata = { aggregateId: promptId, aggregateRevision: 2n, occurredAt: new Date() }
  const encoded = {
    promptUpdated: () => PromptUpdated.encode(PromptUpdated.fromPartial({ metadata })),
    promptDeleted: () => PromptDeleted.encode(PromptDeleted.fromPartial({ metadata })),
  }
  const data = encoded[fact]().finish()
  await jetstream(broker.connection).publish(EVENTS[fact].subject, data, { msgID: randomUUID() })
  await until('the event to be handled', async () => {
    const { num_pending, num_ack_pending } = await broker.manager.consumers.info('PF_PROMPT', 'marketplace')
    return num_pending + num_ack_pending === 0
  })
}

const statusOf = async (listingId: string) => (await market.listings.getListing({ listingId }, ann.as)).listing!.status
const removals = async (listingId: string) =>
  (
    await market.database.query<{ actor: unknown }>(
      `select payload -> 'actor' as actor from outbox where subject = $1 and payload -> 'metadata' ->> 'aggregateId' = $2`,
      [EVENTS.listingRemoved.subject, listingId],
    )
  ).map(({ actor }) => actor)

/** Makes versions of a prompt public, or deletes it, past its service. */
const change = (promptId: string, publicFrom: number | undefined) => {
  const prompt = market.prompts.get(promptId)!
  market.prompts.set(promptId, { ...prompt, publicFrom })
}

describe('a listing is removed, once, by nobody,', () => {
  test('when its prompt was deleted, however often and whenever that is told', async () => {
    const { listingId, promptId } = await market.list(ann)
    market.prompts.delete(promptId)
    await tell('promptDeleted', promptId)
    expect(await statusOf(listingId)).toBe(Status.REMOVED)
    await tell('promptUpdated', promptId)
    await tell('promptDeleted', promptId)
    expect(await statusOf(listingId)).toBe(Status.REMOVED)
    expect(await removals(listingId)).toEqual([{}])
  })

  test('when anyone may read the version that it sells', async () => {
    const { listingId, promptId } = await market.list(ann, { promptVersion: 2, minVersion: 1 })
    change(promptId, 2)
    await tell('promptUpdated', promptId)
    await tell('promptUpdated', promptId)
    expect(await statusOf(listingId)).toBe(Status.REMOVED)
    expect(await removals(listingId)).toEqual([{}])
  })
})

describe('a listing stays', () => {
  test('when its prompt was changed and is private, or only later versions are public', async () => {
    const { listingId, promptId } = await market.list(ann, { promptVersion: 2 })
    await tell('promptUpdated', promptId)
    change(promptId, 3)
    await tell('promptUpdated', promptId)
    expect(await statusOf(listingId)).toBe(Status.ACTIVE)
    expect(await removals(listingId)).toEqual([])
  })

  test('when the prompt is private again by the time that the event is heard', async () => {
    const { listingId, promptId } = await market.list(ann)
    change(promptId, 1)
    change(promptId, undefined)
    await tell('promptUpdated', promptId)
    expect(await statusOf(listingId)).toBe(Status.ACTIVE)
  })

  test('sold when it was sold: its buyer keeps what was bought', async () => {
    const { listingId, promptId } = await market.list(ann, { exclusive: true })
    const { license } = await market.buy(await market.person('bob'), listingId)
    market.prompts.delete(promptId)
    await tell('promptDeleted', promptId)
    expect(await statusOf(listingId)).toBe(Status.SOLD)
    expect(license!.isActive).toBe(true)
  })
})

test('what is told of a prompt that nobody sells changes nothing', async () => {
  const before = await readOutbox(market.database)
  await tell('promptUpdated', randomUUID())
  await tell('promptDeleted', randomUUID())
  expect((await readOutbox(market.database)).map(({ id }) => id)).toEqual(before.map(({ id }) => id))
})
