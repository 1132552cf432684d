import { setTimeout as sleep } from 'node:timers/promises'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { StreamName } from '#contracts/events.ts'
import type { Broker } from './broker.ts'
import { remembering } from './outbox-search.ts'
import type { OutboxStore } from './outbox-store.ts'

/** What a relay counts. */
export type RelayMetrics = { published: Counter; refused: Counter; abandoned: Counter; leading: Gauge }

/** What consumers count, by `stream`. */
export type ConsumerMetrics = {
  /** Also `event`. */
  handled: Counter<'stream' | 'event'>
  retried: Counter<'stream'>
  deadLetters: Counter<'stream'>
}

/** What work queues count, by `stream` and `lane`. */
export type QueueMetrics = {
  /** Hints that were acknowledged, by `outcome`: `begun` or `refused`. */
  claimed: Counter<'stream' | 'lane' | 'outcome'>
}

/** Metrics of a service's work queues. */
export const queueMetrics = (registry: Registry): QueueMetrics => ({
  claimed: new Counter({
    name: 'queue_claimed_total',
    help: 'Hints for jobs that were acknowledged, by stream, lane and outcome: begun, or refused because the job is taken, over or not due.',
    labelNames: ['stream', 'lane', 'outcome'],
    registers: [registry],
  }),
})

/** Metrics of a relay; what waits is counted when somebody asks. */
export function relayMetrics(registry: Registry, outbox: OutboxStore): RelayMetrics {
  const registers = [registry]
  const look = remembering(() => outbox.waiting())
  const age = new Gauge({ name: 'outbox_oldest_seconds', help: 'Age of the oldest event that waits.', registers })
  new Gauge({
    name: 'outbox_waiting',
    help: 'Events that wait to be published: alarm when it grows.',
    registers,
    async collect() {
      // A database that does not answer must not take the other metrics with it.
      const waiting = await look().catch(() => undefined)
      if (!waiting) return
      this.set(waiting.rows)
      age.set(waiting.oldest ? (Date.now() - waiting.oldest.getTime()) / 1000 : 0)
    },
  })
  return {
    published: new Counter({ name: 'outbox_published_total', help: 'Events published and marked.', registers }),
    refused: new Counter({
      name: 'outbox_refused_total',
      help: 'Refusals of events by JetStream, which wait: alarm when it grows.',
      registers,
    }),
    abandoned: new Counter({
      name: 'outbox_abandoned_total',
      help: 'Events that were given up: alarm on any.',
      registers,
    }),
    leading: new Gauge({ name: 'outbox_leading', help: '1 on the replica that publishes.', registers }),
  }
}

/** Metrics of a service's consumers; what waits in their streams is looked up when somebody asks. */
export function consumerMetrics(
  registry: Registry,
  { broker, service, streams }: { broker: Broker; service: string; streams: StreamName[] },
): ConsumerMetrics {
  const registers = [registry]
  const unreadShare = new Gauge({
    name: 'consumer_unread_share',
    help: 'Share of what the stream may hold that waits to be handled. At 1 the oldest are lost: alarm at 0.5.',
    labelNames: ['stream'],
    registers,
  })
  new Gauge({
    name: 'consumer_waiting',
    help: 'Events of the stream that have not been handled yet.',
    labelNames: ['stream'],
    registers,
    async collect() {
      for (const stream of streams) {
        const lag = await lagOf(broker, service, stream)
        if (!lag) continue
        this.set({ stream }, lag.waiting)
        unreadShare.set({ stream }, lag.unreadShare)
      }
    },
  })
  const deadLetters = new Counter({
    name: 'consumer_dead_letters_total',
    help: 'Events that cannot be handled and were put aside: alarm on any.',
    labelNames: ['stream'],
    registers,
  })
  // A series that begins with its first dead letter has not increased, as Prometheus counts: each begins at 0.
  for (const stream of streams) deadLetters.inc({ stream }, 0)
  return {
    handled: new Counter({
      name: 'consumer_handled_total',
      help: 'Events whose effect has been stored, by stream and event.',
      labelNames: ['stream', 'event'],
      registers,
    }),
    retried: new Counter({
      name: 'consumer_retried_total',
      help: 'Events that will be handled again after a temporary failure.',
      labelNames: ['stream'],
      registers,
    }),
    deadLetters,
  }
}

/** Undefined while the broker does not answer: its absence must not take the other metrics with it. */
async function lagOf(broker: Broker, service: string, stream: StreamName) {
  const look = async () => {
    const js = broker.jetstream()
    const { num_pending: unread, num_ack_pending: unacknowledged } = await (
      await js.consumers.get(stream, service)
    ).info()
    const { config, state } = await (await js.streams.get(stream)).info()
    const waiting = unread + unacknowledged
    return { waiting, unreadShare: ((waiting / Math.max(1, state.messages)) * state.bytes) / config.max_bytes }
  }
  return Promise.race([look().catch(() => undefined), sleep(1000, undefined, { ref: false })])
}
