import { relayedBy } from '#contracts/events.ts'
import type { Lead } from '../leader.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import type { Tracing } from '../trace.ts'
import type { Broker } from './broker.ts'
import { startConsumer } from './consumer.ts'
import { consumerMetrics, queueMetrics, relayMetrics } from './event-metrics.ts'
import type { OutboxStore } from './outbox-store.ts'
import { startRelay } from './relay.ts'
import type { Subscription } from './subscription.ts'
import { startWorkQueue, type WorkQueue } from './work-queue.ts'

/** What a service has to do with events, between its start and its end. */
export type ServiceEvents = {
  /** Something was written that may have an event. */
  wake(): void
  start(): void
  /** Ends consumers, work queues and relay, each after what it is doing; jobs that run go on. */
  stop(): Promise<void>
}

type Parts = {
  name: string
  broker: Broker
  outbox: OutboxStore | undefined
  lead: Lead | undefined
  subscriptions: Subscription[]
  queues: WorkQueue[]
  log: Logger
  metrics: Metrics
  tracing: Tracing
}

/** Prepares the relay of a service that has events in an outbox, the consumers of one that has subscriptions, and its work queues. */
export function createEvents({
  name,
  broker,
  outbox,
  lead,
  subscriptions,
  queues,
  log,
  metrics,
  tracing,
}: Parts): ServiceEvents {
  const relayed =
    relayedBy(name).length > 0 && outbox && lead
      ? { outbox, lead, metrics: relayMetrics(metrics.registry, outbox) }
      : undefined
  const streams = subscriptions.map(({ stream }) => stream)
  const consumed =
    streams.length > 0 ? consumerMetrics(metrics.registry, { broker, service: name, streams }) : undefined
  const claimed = queues.length > 0 ? queueMetrics(metrics.registry) : undefined
  let wake: () => void = () => undefined
  const stops: (() => Promise<void>)[] = []
  return {
    wake: () => wake(),
    start: () => {
      if (relayed) {
        const relay = startRelay({ ...relayed, broker, log })
        wake = relay.wake
        stops.push(relay.stop)
      }
      for (const subscription of subscriptions) {
        stops.push(startConsumer({ service: name, subscription, broker, log, metrics: consumed!, tracing }))
      }
      for (const queue of queues) stops.push(startWorkQueue(queue, { service: name, broker, log, metrics: claimed! }))
    },
    stop: async () => {
      await Promise.all(stops.splice(0).map((stop) => stop()))
    },
  }
}
