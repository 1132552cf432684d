import { randomUUID } from 'node:crypto'
import { jetstream } from '@nats-io/jetstream'
import { until } from '#chassis/testing/until.ts'
import { EVENTS } from '#contracts/events.ts'
import { UserErased } from '#contracts/gen/promptforge/user/v1/user_events.ts'
import type { TestBroker } from './test-broker.ts'

/** Publishes that a user was erased, as the user service does, and waits until a service has handled it. */
export async function eraseUser(broker: TestBroker, userId: string, service: string) {
  const metadata = { aggregateId: userId, aggregateRevision: 2n, occurredAt: new Date() }
  const data = UserErased.encode(UserErased.fromPartial({ metadata })).finish()
  await jetstream(broker.connection).publish(`${EVENTS.userErased.subject}.${userId}`, data, { msgID: randomUUID() })
  await until('the event to be handled', async () => {
    const { num_pending, num_ack_pending } = await broker.manager.consumers.info('PF_USER', service)
    return num_pending + num_ack_pending === 0
  })
}
