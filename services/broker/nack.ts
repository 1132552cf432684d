import { millis } from '@nats-io/transport-node'
import { STREAMS, type StreamName } from '#contracts/events.ts'
import { consumerConfigs, type Durable, isQueue, laneConfig, streamConfig } from './apply.ts'

/**
 * The catalogue as the `spec`s of NACK's resources (`jetstream.nats.io/v1beta2`), for clusters in which NACK makes streams and consumers. Replicas are those of the installation.
 * Of a queue, the consumers are those of its lanes, which the installation names: `LANE` stands for one. NACK does not know `allow_atomic` (its CRDs of 2026): without it
 * the relay publishes messages one by one.
 */
export type NackCatalogue = { streams: StreamSpec[]; consumers: ConsumerSpec[]; lanes: ConsumerSpec[] }

type StreamSpec = Record<'name' | 'retention' | 'discard' | 'storage' | 'maxAge' | 'duplicateWindow', string> & {
  subjects: string[]
  maxBytes: number
  preventDelete: true
}

type ConsumerSpec = Record<'streamName' | 'durableName' | 'ackPolicy' | 'ackWait' | 'deliverPolicy', string> & {
  filterSubjects: string[]
  maxAckPending: number
  maxDeliver: number
  preventDelete: true
}

/** What stands for a lane. */
const LANE = 'LANE'

/** Makes it. */
export function nackCatalogue(): NackCatalogue {
  const names = Object.keys(STREAMS) as StreamName[]
  return {
    streams: names.map(streamSpec),
    consumers: names
      .filter((name) => !isQueue(name))
      .flatMap((name) => consumerConfigs(name).map((config) => consumerSpec(name, config))),
    lanes: names.filter(isQueue).map((name) => consumerSpec(name, laneConfig(LANE, name))),
  }
}

function streamSpec(stream: StreamName): StreamSpec {
  const config = streamConfig(stream, 1)
  return {
    name: config.name,
    subjects: config.subjects!,
    retention: config.retention!,
    discard: config.discard!,
    storage: config.storage!,
    maxAge: duration(config.max_age!),
    maxBytes: config.max_bytes!,
    duplicateWindow: duration(config.duplicate_window!),
    // Messages outlive the release, as they do with `apply`.
    preventDelete: true,
  }
}

const consumerSpec = (streamName: StreamName, config: Durable): ConsumerSpec => ({
  streamName,
  durableName: config.durable_name,
  filterSubjects: config.filter_subjects!,
  deliverPolicy: 'all',
  ackPolicy: config.ack_policy!,
  ackWait: duration(config.ack_wait!),
  maxAckPending: config.max_ack_pending!,
  maxDeliver: config.max_deliver!,
  preventDelete: true,
})

/** A time as Go writes it. */
const duration = (ns: number) => `${millis(ns) / 1000}s`
