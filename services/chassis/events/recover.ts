import type { EntityManager } from '@mikro-orm/postgresql'
import { DeliverPolicy } from '@nats-io/jetstream'
import { ALL_EVENTS, type EventDefinition, EVENTS, type StreamName } from '#contracts/events.ts'
import type { EventMetadata } from '#contracts/gen/promptforge/event/v1/event.ts'
import { loadConfig } from '../config.ts'
import type { Database } from '../db/orm.ts'
import { arrayOf, json, text, timestamptz, uuid } from '../db/params.ts'
import { type Sql, statement } from '../db/statements.ts'
import type { Commands } from '../define-service.ts'
import type { Logger } from '../logger.ts'
import { timeArgument } from '../time-argument.ts'
import type { Broker } from './broker.ts'
import { readMessage } from './consumer.ts'
import type { OutboxRow, Received } from './envelope.ts'
import { eventHeaders } from './outbox.ts'
import { createProgress } from './progress.ts'
import { streamAccessSchema, withDeploy } from './stream-access.ts'
import type { EventName, ReceivedOf } from './subscription.ts'

/** Messages that are read before it is asked which of them the outbox has. */
const PAGE = 200

/** What cannot be brought back, or has to be done by hand: a sentence for an operator, without names or texts of users. */
export type Note = string

/**
 * Brings back what an event tells, in a transaction of its own. It changes nothing that is newer than the event, and may be run again. It
 * emits nothing: others know of it.
 */
type RecoveryHandlers = { [N in EventName]?: (received: ReceivedOf<N>) => Promise<Note | undefined> }

/** How a service brings back what its own events tell; made by `recovery`. */
export type Recovery = Map<EventDefinition, (received: Received) => Promise<Note | undefined>>

/** Says how: a function for each event that tells something of the service's state. Streams are read in the order in which their events are named here. */
export const recovery = (handlers: RecoveryHandlers): Recovery =>
  new Map(
    Object.entries(handlers).map(([name, handle]) => [
      EVENTS[name as EventName] as EventDefinition,
      handle as (received: Received) => Promise<Note | undefined>,
    ]),
  )

type Parts = { service: string; sql: Sql; recovery: Recovery | undefined; log: Logger }

/**
 * `recover 2026-11-20T00:00:00Z`, for a database that was restored to an earlier time, before its service starts again: reads in the
 * streams what the service has emitted since then, brings back what the events tell that the outbox does not have, and stores them
 * there as published. Afterwards the service knows all that the others have heard of it; what it never told is lost.
 */
export const recoverCommand = (parts: Parts): Commands => ({
  recover: async ([since = '']) => {
    const from = timeArgument('recover', since)
    const progress = startProgress(parts.log)
    await withDeploy(loadConfig(streamAccessSchema), parts.log, async (broker) => {
      for (const [stream, events] of streamsOf(parts)) {
        for await (const page of pagesOf(broker, stream, events, from)) await recoverPage(parts, page, progress)
      }
    })
    return progress.done
  },
})

/** What a service has in its outbox, by stream: first those of which its recovery says something, in its order. */
function streamsOf({ service, recovery: handlers }: Parts): [StreamName, EventDefinition[]][] {
  const own = ALL_EVENTS.filter((event) => event.service === service && event.outbox)
  const streams = new Set([...(handlers?.keys() ?? []), ...own].map(({ stream }) => stream))
  return [...streams].map((stream) => [stream, own.filter((event) => event.stream === stream)])
}

/**
 * What a stream has of these events since a time, in its order. A message that cannot be read is left out: its consumers have put it aside. All
 * subjects are read: a consumer of several of them that is to begin at a time leaves messages out (NATS 2.15.1).
 */
async function* pagesOf(broker: Broker, stream: StreamName, events: EventDefinition[], since: Date) {
  const consumer = await broker.jetstream().consumers.get(stream, {
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: since.toISOString(),
  })
  try {
    if ((await consumer.info()).num_pending === 0) return
    let page: Received[] = []
    for await (const message of await consumer.consume()) {
      const received = readable(message)
      if (received && events.includes(received.event)) page.push(received)
      const isLast = message.info.pending === 0
      if (page.length === PAGE || isLast) {
        yield page
        page = []
      }
      if (isLast) return
    }
  } finally {
    await consumer.delete()
  }
}

function readable(message: Parameters<typeof readMessage>[0]): Received | undefined {
  try {
    return readMessage(message)
  } catch {
    return undefined
  }
}

async function recoverPage({ sql, recovery: handlers, log }: Parts, page: Received[], progress: Progress) {
  const known = new Set((await sql(findStored, { ids: page.map(({ id }) => id) })).map(({ id }) => id))
  // What is published again may come in another order.
  const lacking = page.filter(({ id }) => !known.has(id)).sort((a, b) => timeOf(a) - timeOf(b))
  for (const received of lacking) {
    const { id, event } = received
    const note = await handlers?.get(event)?.(received)
    if (note !== undefined) log.warn({ event: id, name: event.name, about: metadataOf(received).aggregateId }, note)
    await sql(storePublished, rowOf(received))
    progress.count(note !== undefined)
  }
}

const metadataOf = ({ payload }: Received) => (payload as { metadata: EventMetadata }).metadata

const timeOf = (received: Received) => metadataOf(received).occurredAt!.getTime()

/** When an event happened. */
export const happenedAt = ({ payload }: Received<{ metadata?: EventMetadata | undefined }>): Date =>
  payload.metadata!.occurredAt!

/**
 * Brings back what an event tells of the row that it is about: `find` locks the row, `change` says what changes of it beside its revision. A row that is
 * not there, or is as new as the event, stays as it is.
 */
export const whenNewer =
  <Row extends { revision: number }, T extends { metadata?: EventMetadata | undefined }>(
    find: (em: EntityManager, id: string) => Promise<Row | null>,
    change: (row: Row, received: Received<T>) => object,
  ) =>
  ({ transaction }: Pick<Database, 'transaction'>) =>
  (received: Received<T>): Promise<Note | undefined> =>
    transaction(received, async (em) => {
      const { aggregateId, aggregateRevision } = received.payload.metadata!
      const row = await find(em, aggregateId)
      const revision = Number(aggregateRevision)
      if (row && revision > row.revision) Object.assign(row, change(row, received), { revision })
      return undefined
    })

function rowOf(received: Received) {
  const { id, event, payload } = received
  const { aggregateId, occurredAt } = metadataOf(received)
  const message = event.message.toJSON(payload) as OutboxRow['payload']
  const { occurredAt: _, ...metadata } = message['metadata'] as Record<string, unknown>
  return {
    id,
    subject: event.perAggregate ? `${event.subject}.${aggregateId}` : event.subject,
    payload: JSON.stringify({ ...message, metadata }),
    headers: JSON.stringify(eventHeaders(received)),
    occurredAt: occurredAt!,
  }
}

type Progress = { done: { recovered: number; noted: number }; count(isNoted: boolean): void }

function startProgress(log: Logger): Progress {
  const done = { recovered: 0, noted: 0 }
  const say = createProgress(log, 'recover goes on')
  return {
    done,
    count: (isNoted) => {
      done.recovered++
      if (isNoted) done.noted++
      say(done)
    },
  }
}

/** Which of these events the outbox has. */
export const findStored = statement('find_stored_events', { ids: arrayOf(uuid) })<{ id: string }>(
  (p) => `select id from outbox where id = any (${p.ids})`,
)

const storePublished = statement('store_published_event', {
  id: uuid,
  subject: text,
  payload: json,
  headers: json,
  occurredAt: timestamptz,
})(
  (p) => `insert into outbox (id, subject, payload, headers, occurred_at, processed_at)
    values (${p.id}, ${p.subject}, ${p.payload}, ${p.headers}, ${p.occurredAt}, now())
    on conflict do nothing`,
)
