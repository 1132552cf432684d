import { setImmediate as nextTurn } from 'node:timers/promises'
import { eventOf } from '#contracts/events.ts'
import { retryOf } from '../grpc/status.ts'
import type { Logger } from '../logger.ts'
import { watchOutage } from '../outage.ts'
import { pause } from '../pause.ts'
import { readTraceparent, type Tracing } from '../trace.ts'
import type { Broker } from './broker.ts'
import { publishDeadLetter } from './dead-letter.ts'
import type { Received } from './envelope.ts'
import type { ConsumerMetrics } from './event-metrics.ts'
import { type Delivery, openPull, type Pull } from './pull.ts'
import { createQueue } from './queue.ts'
import type { Subscription } from './subscription.ts'

/**
 * Milliseconds for which one request for messages is open. Its end is waited for when a service stops: left early, messages that
 * are on their way would come again only when their time to be acknowledged is over.
 */
const FETCH_MS = 1000

/** The most messages of one request: it cannot be limited by their bytes as well. */
const FETCH_MESSAGES = 250

/** Bytes of messages that are handled together, in memory several times as large; and bytes that wait, beside those of one request. */
const BATCH_BYTES = 1024 * 1024
const WAITING_BYTES = 8 * BATCH_BYTES

/** Nanoseconds of a millisecond. */
const NANOS = 1_000_000

/** Milliseconds between two tries after a failure. */
const RETRY_MS = 250

/** Batches that are handled at once: while the database works on one, the other is read. */
const LANES = 2

/** Deliveries after which an event that fails is put aside. One that kills the process is, too: the server counts. */
const MAX_DELIVERIES = 6

/** Tries of a batch against a dependency that answers, but too late or with a conflict. */
const MAX_CONFLICTS = 5

type Parts = {
  service: string
  subscription: Subscription
  broker: Broker
  log: Logger
  metrics: ConsumerMetrics
  tracing: Tracing
}

type Entry = { message: Delivery; received: Received }

/**
 * Consumes the events of one stream until it is stopped: one loop fetches, as long as there is room, two others handle what has been
 * fetched, in any order. An event that cannot be handled never blocks those behind it. Returns how to stop: after the batch that is under way.
 */
export function startConsumer(parts: Parts): () => Promise<void> {
  const { subscription, broker, log } = parts
  const { batch, stream } = subscription
  const stopping = new AbortController()
  const { signal } = stopping
  const queue = createQueue<Delivery>(signal, ({ data }) => data.length)
  const held = new Set<Delivery>()
  let extending: NodeJS.Timeout | undefined

  const { service } = parts
  const take = (delivery: Delivery) => {
    held.add(delivery)
    queue.push(delivery)
  }
  // What was requested may still come after a failure: the subscription stays as long as NATS lets it.
  let pull: Pull | undefined
  const open = async () => {
    const { config } = await (await broker.jetstream().consumers.get(stream, service)).info(true)
    clearInterval(extending)
    extending = setInterval(() => extendAckDeadlines(held), config.ack_wait! / NANOS / 3)
    if (!pull || pull.isClosed()) pull = openPull(broker.connection(), { service, stream, consumer: service, take })
    return pull
  }
  const most = Math.min(batch, FETCH_MESSAGES)
  const fetch = async () => {
    let opened: Pull | undefined
    const outage = watchOutage()
    while (!signal.aborted) {
      await queue.waitForRoom(batch, WAITING_BYTES)
      if (signal.aborted) return
      try {
        opened ??= await open()
        await opened.request(most, FETCH_MS)
        outage.worked()
      } catch (err) {
        if (!signal.aborted) outage.failed(() => log.warn({ stream, err }, 'cannot fetch events: trying again'))
        opened = undefined
        await pause(RETRY_MS, signal)
      }
    }
  }
  const handle = async () => {
    while (!signal.aborted) {
      const messages = await queue.take(batch, BATCH_BYTES)
      if (messages.length > 0) await handleMessages(parts, messages, signal)
      for (const message of messages) held.delete(message)
    }
  }
  const ended = Promise.all([fetch(), ...Array.from({ length: LANES }, handle)])
  return async () => {
    stopping.abort()
    await ended
    clearInterval(extending)
    pull?.close()
    for (const message of queue.drain()) message.nak()
  }
}

// What waits here must not come again meanwhile: each time it would count as a delivery, until there are too many.
function extendAckDeadlines(held: Set<Delivery>) {
  for (const message of held) message.working()
}

// Between two steps everything else has its turn: a call takes several turns of the event loop, and a batch is a long one.
async function handleMessages(parts: Parts, messages: Delivery[], signal: AbortSignal) {
  await nextTurn()
  const entries: Entry[] = []
  for (const message of messages) {
    try {
      if (message.deliveryCount > MAX_DELIVERIES) throw new Error('it was delivered too many times')
      entries.push({ message, received: readMessage(message) })
    } catch (error) {
      await deadLetter(parts, message, (error as Error).message)
    }
  }
  await nextTurn()
  if (entries.length > 0) await settle(parts, entries, signal)
}

/** Reads a message. Throws, with what is wrong with it, when it is none of the catalogue's. */
export function readMessage({ subject, headers, data }: Pick<Delivery, 'subject' | 'headers' | 'data'>): Received {
  const event = eventOf(subject)
  if (!event) throw new Error('unknown subject')
  const id = headers?.get('Nats-Msg-Id')
  if (!id) throw new Error('the header Nats-Msg-Id is missing')
  const requestId = headers?.get('Pf-Request-Id') || undefined
  const trace = readTraceparent(headers?.get('traceparent') ?? '')
  try {
    return { event, id, payload: event.message.decode(data), requestId, trace }
  } catch {
    throw new Error('its bytes are not a message of its subject')
  }
}

/** Has entries handled, and acknowledges, retries or dead-letters each. */
async function settle(parts: Parts, entries: Entry[], signal: AbortSignal): Promise<void> {
  const { subscription, metrics, log } = parts
  const { stream } = subscription
  for (let conflicts = 0; ;) {
    const spans = parts.tracing.beginAll(
      `consume ${stream}`,
      entries.map(({ received }) => received.trace),
    )
    try {
      const refusals = await subscription.handle(entries.map(({ received }) => received))
      spans.end(false)
      await nextTurn()
      const handled = new Map<string, number>()
      const reasons = new Map(refusals.map(({ received, reason }) => [received, reason]))
      for (const { message, received } of entries) {
        const reason = reasons.get(received)
        if (reason !== undefined) await deadLetter(parts, message, reason)
        else {
          message.ack()
          handled.set(received.event.name, (handled.get(received.event.name) ?? 0) + 1)
        }
      }
      for (const [event, count] of handled) metrics.handled.inc({ stream, event }, count)
      return
    } catch (err) {
      spans.end(true)
      metrics.retried.inc({ stream }, entries.length)
      const retry = retryOf(err)
      if (retry === undefined || (retry === 'conflict' && ++conflicts > MAX_CONFLICTS)) {
        if (entries.length > 1) for (const entry of entries) await settle(parts, [entry], signal)
        else await retryOrDeadLetter(parts, entries[0]!, err)
        return
      }
      log.warn({ stream, events: entries.length, err }, 'a dependency does not answer: events wait')
      await pause(RETRY_MS * 2, signal)
      if (signal.aborted) {
        for (const { message } of entries) message.nak()
        return
      }
    }
  }
}

async function retryOrDeadLetter(parts: Parts, { message, received }: Entry, err: unknown) {
  const { deliveryCount } = message
  const { name } = received.event
  parts.log.error({ event: received.id, name, deliveryCount, err }, 'an event could not be handled')
  if (deliveryCount >= MAX_DELIVERIES) await deadLetter(parts, message, 'it failed each time')
  else message.nak(RETRY_MS * 2 ** deliveryCount)
}

async function deadLetter(
  { broker, service, subscription: { stream }, metrics, log }: Parts,
  message: Delivery,
  reason: string,
) {
  try {
    await publishDeadLetter(broker, service, message, reason)
    metrics.deadLetters.inc({ stream })
    const event = message.headers?.get('Nats-Msg-Id')
    log.error({ stream, subject: message.subject, event, reason }, 'an event was stored as a dead letter')
  } catch (err) {
    log.warn({ stream, err }, 'cannot write to the dead letters: the event will be delivered again')
    message.nak(RETRY_MS * 20)
  }
}
