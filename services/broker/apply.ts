import { join } from 'node:path'
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream'
import { connect, type NatsConnection, nanos } from '@nats-io/transport-node'
import { consumedBy, DUPLICATE_MINUTES, filterOf, OWN_KEYS_LANE, STREAMS, type StreamName } from '#contracts/events.ts'
import { DEPLOY } from './broker.ts'
import { consumedStreams, members } from './permissions.ts'

/** How to reach the broker, and what to ask of it. */
export type ApplyOptions = {
  /** `nats://host:port`, several separated by commas. */
  url: string
  /** Folder with the certificates of the member `deploy`. */
  certificates: string
  /** Copies of each stream. */
  replicas: number
  /** The lanes of the queues of jobs, in addition to that of users' own keys. */
  lanes: readonly string[]
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** Connects as the member that may do everything. */
export function connectDeploy({
  url,
  certificates,
}: Pick<ApplyOptions, 'url' | 'certificates'>): Promise<NatsConnection> {
  const file = (name: string) => join(certificates, name)
  return connect({
    name: DEPLOY,
    servers: url.split(','),
    tls: { caFile: file('ca.pem'), certFile: file('cert.pem'), keyFile: file('key.pem') },
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitterTLS: 100,
  })
}

/**
 * Makes the streams and consumers of the catalogue, or changes them to what it says now; a second time changes nothing. Answers
 * with a line for each thing that was done, or that somebody should look at. Nothing is ever removed.
 */
export async function applyCatalogue(options: ApplyOptions): Promise<string[]> {
  const connection = await connectDeploy(options)
  try {
    const manager = await jetstreamManager(connection)
    const done: string[] = []
    for (const stream of Object.keys(STREAMS) as StreamName[]) {
      done.push(...(await applyStream(manager, stream, options)))
    }
    return done
  } finally {
    await connection.close()
  }
}

/**
 * Lets the consumers of a service begin again at a time: its database was restored to that time, and has to hear what came since. They know
 * again what they have handled. The same command again does no harm, and is what to do after an interruption.
 */
export async function rewindConsumers(
  access: Pick<ApplyOptions, 'url' | 'certificates'>,
  service: string,
  since: Date,
): Promise<string[]> {
  const consumes = (member: string) => consumedStreams(member).length > 0
  const streams = members().includes(service) ? consumedStreams(service) : []
  if (streams.length === 0)
    throw new Error(`${service || 'nothing'} consumes no events: name one of ${members().filter(consumes).join(', ')}`)
  const connection = await connectDeploy(access)
  try {
    const { consumers } = await jetstreamManager(connection)
    for (const stream of streams) {
      const first = await firstSince(consumers, stream, since)
      // Where a consumer begins cannot be changed.
      await ifPresent(consumers.delete(stream, service))
      await consumers.add(stream, {
        ...consumerConfig(service, stream),
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: first,
      })
    }
    return streams.map((stream) => `consumer ${service} of ${stream} begins again at ${since.toISOString()}`)
  } finally {
    await connection.close()
  }
}

/**
 * The sequence number of the first message that came at a time or after it. A consumer with several subjects that is to begin at a time leaves
 * messages out (NATS 2.15.1): it begins at the first message of a subject that had none before. One without subjects does not.
 */
async function firstSince(consumers: JetStreamManager['consumers'], stream: StreamName, since: Date): Promise<number> {
  const { name, delivered } = await consumers.add(stream, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: since.toISOString(),
    inactive_threshold: nanos(MINUTE),
  })
  await consumers.delete(stream, name)
  return delivered.stream_seq + 1
}

async function applyStream(
  { streams, consumers }: JetStreamManager,
  stream: StreamName,
  { replicas, lanes }: Pick<ApplyOptions, 'replicas' | 'lanes'>,
) {
  const config = streamConfig(stream, replicas)
  const before = await ifPresent(streams.info(stream))
  const after = before ? await streams.update(stream, config) : await streams.add(config)
  const done = [outcome(`stream ${stream}`, before?.config, after.config)]

  const allLanes = new Set([OWN_KEYS_LANE, ...lanes])
  const wanted = isQueue(stream) ? [...allLanes].map((lane) => laneConfig(lane, stream)) : consumerConfigs(stream)
  for (const config of wanted) {
    const name = config.durable_name
    const was = await ifPresent(consumers.info(stream, name))
    const is = was ? await consumers.update(stream, name, config) : await consumers.add(stream, config)
    done.push(outcome(`consumer ${name} of ${stream}`, was?.config, is.config))
  }
  const readers = wanted.map((config) => config.durable_name)
  for await (const { name } of consumers.list(stream)) {
    if (!readers.includes(name)) done.push(`consumer ${name} of ${stream} is not in the catalogue`)
  }
  return done.filter((line) => line !== undefined)
}

/** What a stream is. */
export const streamConfig = (name: StreamName, replicas: number): Partial<StreamConfig> & { name: string } => ({
  name,
  subjects: [`${STREAMS[name].prefix}>`],
  storage: StorageType.File,
  retention: isQueue(name) ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
  discard: isQueue(name) ? DiscardPolicy.New : DiscardPolicy.Old,
  max_age: nanos(STREAMS[name].days * DAY),
  max_bytes: STREAMS[name].maxBytes,
  duplicate_window: nanos(DUPLICATE_MINUTES * MINUTE),
  allow_atomic: true,
  num_replicas: replicas,
})

/** A consumer that stays. */
export type Durable = Partial<ConsumerConfig> & { durable_name: string }

/** Whether a stream is a queue of jobs. */
export const isQueue = (stream: StreamName) => 'isQueue' in STREAMS[stream]

/** The consumers of a stream that is no queue. */
export const consumerConfigs = (stream: StreamName): Durable[] =>
  members()
    .filter((service) => consumedStreams(service).includes(stream))
    .map((service) => consumerConfig(service, stream))

/** The consumer of a lane of a queue. A hint is acknowledged when its job is claimed, which takes milliseconds. */
export const laneConfig = (lane: string, stream: StreamName): Durable => ({
  durable_name: lane,
  filter_subjects: [`${STREAMS[stream].prefix}*.v1.${lane}`],
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanos(10_000),
  max_ack_pending: 1000,
  max_deliver: -1,
})

const consumerConfig = (service: string, stream: StreamName): Durable => ({
  durable_name: service,
  filter_subjects: consumedBy(service, stream).map(filterOf),
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanos(MINUTE / 2),
  max_ack_pending: 5000,
  // The consumer itself counts, and puts away what it cannot handle.
  max_deliver: -1,
})

const outcome = (what: string, before: object | undefined, after: object) => {
  if (!before) return `${what} made`
  return JSON.stringify(before) === JSON.stringify(after) ? undefined : `${what} changed`
}

// JetStream's codes for a stream and for a consumer that are not there.
const ABSENT = new Set([10059, 10014])

async function ifPresent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (ABSENT.has((error as JetStreamApiError).code)) return undefined
    throw error
  }
}
