import { randomUUID } from 'node:crypto'
import { jetstream } from '@nats-io/jetstream'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import type { Received } from '#chassis/events/envelope.ts'
import { until } from '#chassis/testing/until.ts'
import { readTraceparent } from '#chassis/trace.ts'
import { EVENTS } from '#contracts/events.ts'
import { UserFollowed } from '#contracts/gen/promptforge/user/v1/user_events.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { subscriptions } from '../events/index.ts'
import { type PromptTest, startPromptService } from './harness.ts'

let broker: TestBroker
let service: PromptTest

beforeAll(async () => {
  broker = await startTestBroker()
  service = await startPromptService({ env: { PF_NATS_URL: broker.url } })
})
afterAll(async () => {
  await service.stop()
  await broker.stop()
})

type Pair = { follower: string; following: string }
const pair = (): Pair => ({ follower: randomUUID(), following: randomUUID() })

// Both messages have the same members.
const message = ({ follower, following }: Pair, revision: number) =>
  UserFollowed.fromPartial({
    metadata: { aggregateId: follower, aggregateRevision: BigInt(revision) },
    followingId: following,
  })

/** An event as the consumer hands it over: odd revisions follow, even ones take it back. */
const received = (of: Pair, revision: number): Received => ({
  event: (revision % 2 ? EVENTS.userFollowed : EVENTS.userUnfollowed) as Received['event'],
  id: v7(),
  payload: message(of, revision),
  requestId: undefined,
  trace: readTraceparent(''),
})

const deliver = (...events: Received[]) => {
  const [{ handle }] = subscriptions(service.service.context) as [ReturnType<typeof subscriptions>[0]]
  return Promise.all(events.map((event) => handle([event])))
}

const known = async ({ follower, following }: Pair) =>
  (
    await service.database.query('select revision, active from follows where follower_id = $1 and following_id = $2', [
      follower,
      following,
    ])
  )[0]

describe('when somebody follows or unfollows', () => {
  test('it is known here, from the stream', async () => {
    const annAndBen = pair()
    const publish = (event: { subject: string }, revision: number) => {
      const data = UserFollowed.encode(message(annAndBen, revision)).finish()
      return jetstream(broker.connection).publish(event.subject, data, { msgID: v7() })
    }
    await publish(EVENTS.userFollowed, 1)
    await until('the follow', async () => (await known(annAndBen))?.['active'] === true)
    await publish(EVENTS.userUnfollowed, 2)
    await until('its end', async () => (await known(annAndBen))?.['active'] === false)
    expect(await known(annAndBen)).toEqual({ revision: 2, active: false })
  })

  test('a follow that comes after its end does not bring it back', async () => {
    const one = pair()
    await deliver(received(one, 2))
    await deliver(received(one, 1), received(one, 1))
    expect(await known(one)).toEqual({ revision: 2, active: false })
  })

  test.each<[string, (n: number) => number]>([
    ['in their order', (n) => n],
    ['the last one first', (n) => 8 - n],
    ['every second', (n) => (2 * n) % 9],
  ])('nine changes come to the last one, delivered twice: %s', async (_, nth) => {
    const one = pair()
    const events = Array.from({ length: 9 }, (__, n) => received(one, n + 1))
    const order = events.map((__, n) => events[nth(n)]!)
    for (const event of order) await deliver(event, event)
    expect(await known(one)).toEqual({ revision: 9, active: true })
    await deliver(...order)
    expect(await known(one)).toEqual({ revision: 9, active: true })
  })

  test('others are not touched', async () => {
    const [one, other] = [pair(), pair()]
    await deliver(received(one, 1), received({ ...other, follower: one.follower }, 4))
    expect(await known(one)).toEqual({ revision: 1, active: true })
    expect(await known({ ...other, follower: one.follower })).toEqual({ revision: 4, active: false })
    expect(await known(other)).toBeUndefined()
  })
})
