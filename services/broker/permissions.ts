import { ALL_EVENTS, consumedBy, emittedBy, LIVE, queuesOf, STREAMS, type StreamName } from '#contracts/events.ts'

/** Subjects that a client may publish to, and subscribe to. */
export type Permissions = { publish: string[]; subscribe: string[] }

/** The services of the catalogue: who emits or consumes an event. */
export const members = (): string[] =>
  unique(ALL_EVENTS.flatMap(({ service, consumers }) => [service, ...consumers])).sort()

/** The streams that a service consumes of; its durable consumer on each has the service's name. */
export const consumedStreams = (service: string): StreamName[] =>
  unique(consumedBy(service).map(({ stream }) => stream))

/**
 * What a service may do: publish below the subjects of what it emits, look at and pull from its own consumers, and put away what
 * it cannot handle. It can neither make nor change a stream or a consumer.
 */
export function permissionsOf(service: string): Permissions {
  const emitted = unique(emittedBy(service).map(({ stream }) => `${STREAMS[stream].prefix}>`))
  const consumed = consumedStreams(service)
  // Who is asked on core NATS answers into the inbox of another replica.
  const live = LIVE[service]
    ? { publish: [`${LIVE[service]}>`, `_INBOX.${service}.>`], subscribe: [`${LIVE[service]}>`] }
    : NONE
  const deadLetters = consumed.length > 0 ? [`${STREAMS.PF_DEAD_LETTER.prefix}${service}.>`] : []
  return {
    publish: [
      ...emitted,
      ...deadLetters,
      ...live.publish,
      ...consumed.flatMap((stream) => pulling(stream, service)),
      // Of its queues it pulls from every lane.
      ...queuesOf(service).flatMap((stream) => pulling(stream, '*')),
    ],
    subscribe: [`_INBOX.${service}.>`, ...live.subscribe],
  }
}

const NONE: Permissions = { publish: [], subscribe: [] }

const pulling = (stream: StreamName, consumer: string) => [
  `$JS.API.STREAM.INFO.${stream}`,
  `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
  `$JS.ACK.${stream}.${consumer}.>`,
]

const unique = <T>(values: T[]) => [...new Set(values)]
