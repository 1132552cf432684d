import { relayedBy } from '#contracts/events.ts'
import type { Lead } from '../leader.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import type { Tracing } from '../trace.ts'
import type { Broker } from './broker.ts'
import { startConsumer } from './consumer.ts'
import { consumerMetrics, relayMetrics } from './event-metrics.ts'
import type { OutboxStore } from './outbox-store.ts'
import { startRelay } from './relay.ts'
import type { Subscription } from './subscription.ts'

/** What a service has to do with events, between its start and its end. */
export type ServiceEvents = {
  /** Something was written that may have an event. */
  wake(): void
  start(): void
  /** Ends consumers and relay, each after what it is doing. */
  stop(): Promise<void>
}

type Parts = {
  name: string
  broker: Broker
  outbox: OutboxStore | undefined
  lead: Lead | undefined
  subscriptions: Subscription[]
  log: Logger
  metrics: Metrics
  tracing: Tracing
}

/** Prepares the relay of a service that has events in an outbox, and the consumers of one that has subscriptions. */
export function createEvents({
  name,
  broker,
  outbox,
  lead,
  subscriptions,
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
    },
    stop: async () => {
      await Promise.all(stops.splice(0).map((stop) => stop()))
    },
  }
}
