import type { JetStreamManager } from '@nats-io/jetstream'
import { until } from '#chassis/testing/until.ts'
import { consumedBy, relayedBy, STREAMS, type StreamName } from '#contracts/events.ts'
import { SERVICES } from '../services.ts'

/** How much waits in the outboxes, by service. One without an outbox is not asked. */
export type Outboxes = Record<string, { waiting(): Promise<number> }>

/**
 * Waits until what has been written so far is known everywhere: every outbox is empty, every consumer has handled its stream, and
 * what that has written in its turn, too. Nobody waits for the consumers of the services in `without`. By default it waits longer
 * than a message that was lost on its way takes to come again.
 */
export async function processAll(
  manager: JetStreamManager,
  outboxes: Outboxes,
  timeoutMs = 60_000,
  without: readonly string[] = [],
): Promise<void> {
  let before = -1
  await until(
    'all events to be processed',
    async () => {
      for (const [service, { waiting }] of Object.entries(outboxes)) {
        if (relayedBy(service).length === 0) continue
        const rows = await waiting()
        if (rows > 0) throw new Error(`${rows} events wait in the outbox of ${service}`)
      }
      const published = await publishedWhenIdle(manager, without)
      const isStill = published === before
      before = published
      return isStill
    },
    timeoutMs,
  )
}

/** How many messages were ever published. Throws while a consumer has some to handle. */
async function publishedWhenIdle(
  { streams, consumers }: JetStreamManager,
  without: readonly string[],
): Promise<number> {
  const awaited = SERVICES.filter(({ name }) => !without.includes(name))
  const sequences = await Promise.all(
    (Object.keys(STREAMS) as StreamName[]).map(async (stream) => {
      // In this order: the consumers have then handled what is counted.
      const { last_seq: published } = (await streams.info(stream)).state
      const readers = awaited.filter((service) => consumedBy(service.name, stream).length > 0)
      await Promise.all(
        readers.map(async ({ name }) => {
          const { num_pending: unread, num_ack_pending: unacknowledged } = await consumers.info(stream, name)
          if (unread + unacknowledged > 0)
            throw new Error(`${name} has ${unread} unread and ${unacknowledged} unacknowledged messages of ${stream}`)
        }),
      )
      return published
    }),
  )
  return sequences.reduce((sum, published) => sum + published)
}
