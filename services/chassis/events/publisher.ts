import type { JetStreamApiError, JetStreamClient } from '@nats-io/jetstream'
import { headers as natsHeaders } from '@nats-io/transport-node'
import { type EventDefinition, eventOf, type StreamName, streamOf } from '#contracts/events.ts'
import { unavailable } from '../errors.ts'
import type { Broker } from './broker.ts'
import { encodeEvent, type EventHeaders, type OutboxRow } from './envelope.ts'

/** A message that is ready to be published. */
export type Message = { id: string; subject: string; data: Uint8Array; headers: EventHeaders }

/** What became of publishing a message. `full` and `refused` have stored nothing. */
export type PublishResult = 'stored' | 'full' | 'refused'

/** Messages (JetStream takes no more) and bytes of an atomic batch: one fsync each. */
const BATCH_MESSAGES = 1000
const BATCH_BYTES = 4 * 1024 * 1024

/** Messages that are published one by one, at once. */
const SINGLES = 64

// JetStream's codes for: a stream at its limits, a server at its.
const FULL = new Set([10077, 10023, 10047, 10122])

/** The message of an outbox row, and its stream. Throws for what the catalogue does not have, or the contract does not allow. */
export function messageOf(row: OutboxRow): Message & { stream: StreamName } {
  const { id, subject, headers } = row
  const event = eventOf(subject)
  const stream = streamOf(subject)
  if (!event || !stream) throw new Error(`unknown subject ${subject}: the catalogue has no event with it`)
  return { id, subject, headers, stream, data: encodeEvent(event, row) }
}

/**
 * Publishes messages of one stream, in order, in atomic batches. A batch that is refused as a whole (it holds an id that the
 * stream knows, or there is no room) goes one by one: then a known id is an ordinary answer. Throws when the broker does not
 * answer; what has been stored till then is stored again without effect.
 */
export async function publishAll(broker: Broker, messages: Message[]): Promise<PublishResult[]> {
  const js = broker.jetstream()
  const results: PublishResult[] = []
  for (const batch of batchesOf(messages)) {
    const isStored = batch.length > 1 && (await publishBatch(js, batch))
    results.push(...(isStored ? batch.map((): PublishResult => 'stored') : await publishSingles(js, batch)))
  }
  return results
}

/** An event that is in no outbox. */
export type Publication<T> = {
  /** UUID, by which JetStream and consumers know it again. */
  id: string
  message: T
  /** Default: none. */
  headers?: EventHeaders
}

/**
 * Publishes events that are in no outbox, in order. They are stored when it returns. Throws UNAVAILABLE when NATS does not answer or does not
 * take all of them: what was stored by then is stored again without effect.
 */
export type Publish = <T>(event: EventDefinition<T>, publications: Publication<T>[]) => Promise<void>

/** Makes the `Publish` of a service. */
export const createPublish =
  (broker: Broker): Publish =>
  async ({ subject, stream, message: type }, publications) => {
    const messages = publications.map(({ id, message, headers = {} }) => ({
      id,
      subject,
      data: type.encode(message).finish(),
      headers,
    }))
    const results = await publishAll(broker, messages).catch((error: unknown) => {
      throw unavailable('NATS', error)
    })
    const refusal = results.find((result) => result !== 'stored')
    if (refusal) throw unavailable('NATS', new Error(`the stream ${stream} did not take all events: ${refusal}`))
  }

async function publishOne(js: JetStreamClient, { id, subject, data, headers }: Message): Promise<PublishResult> {
  try {
    await js.publish(subject, data, { msgID: id, headers: toNats(headers) })
    return 'stored'
  } catch (error) {
    return resultOf(error)
  }
}

async function publishBatch(js: JetStreamClient, messages: Message[]): Promise<boolean> {
  const [first, ...rest] = messages
  const last = rest.pop()!
  try {
    const batch = await js.startBatch(first!.subject, first!.data, { headers: withId(first!) })
    for (const message of rest) batch.add(message.subject, message.data, { headers: withId(message) })
    await batch.commit(last.subject, last.data, { headers: withId(last), timeout: js.getOptions().timeout! })
    return true
  } catch (error) {
    if (isRefusal(error)) return false
    throw error
  }
}

async function publishSingles(js: JetStreamClient, messages: Message[]): Promise<PublishResult[]> {
  const results: PublishResult[] = []
  for (let at = 0; at < messages.length; at += SINGLES) {
    const some = messages.slice(at, at + SINGLES)
    results.push(...(await Promise.all(some.map((message) => publishOne(js, message)))))
    // Events about one aggregate keep their order: no event overtakes one that a full stream refused.
    if (results.includes('full')) return messages.map((_, index) => results[index] ?? 'full')
  }
  return results
}

function* batchesOf(messages: Message[]): Generator<Message[]> {
  let batch: Message[] = []
  let bytes = 0
  for (const message of messages) {
    if (batch.length === BATCH_MESSAGES || (batch.length > 0 && bytes + message.data.length > BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(message)
    bytes += message.data.length
  }
  if (batch.length > 0) yield batch
}

// The answer of a JetStream that is there. A batch's refusal comes as an error without a code: it has not the count that it should.
const isRefusal = (error: unknown) =>
  isApiError(error) || (error instanceof Error && error.message.startsWith('batch '))

function resultOf(error: unknown): PublishResult {
  if (isApiError(error)) return FULL.has(error.code) ? 'full' : 'refused'
  const { name, message } = error as Error
  // Nobody listens to the subject: its stream is being made, or was not deployed. Its messages wait.
  if (name === 'JetStreamNotEnabled') return 'full'
  if (message.includes('max_payload')) return 'refused'
  throw error
}

const isApiError = (error: unknown): error is JetStreamApiError => (error as Error).name === 'JetStreamApiError'

const withId = (message: Message) => {
  const headers = toNats(message.headers)
  headers.set('Nats-Msg-Id', message.id)
  return headers
}

function toNats(headers: EventHeaders) {
  const result = natsHeaders()
  for (const [name, value] of Object.entries(headers)) result.set(name, value)
  return result
}
