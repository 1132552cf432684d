import type { StreamName } from '#contracts/events.ts'
import type { Lead } from '../leader.ts'
import type { Logger } from '../logger.ts'
import { watchOutage } from '../outage.ts'
import { pause } from '../pause.ts'
import type { Broker } from './broker.ts'
import type { OutboxRow } from './envelope.ts'
import type { RelayMetrics } from './event-metrics.ts'
import { createOutboxSearch, type OutboxSearch } from './outbox-search.ts'
import type { OutboxStore } from './outbox-store.ts'
import { type Message, messageOf, publishAll } from './publisher.ts'

/** Milliseconds after which the outbox is looked at without having been woken. */
const POLL_MS = 200

/** Milliseconds between the beginnings of two sweeps: under load a sweep finds many rows, and at rest the first starts at once. */
const LINGER_MS = 20

/** Milliseconds until the next sweep after one that failed or met a full stream. */
const RETRY_MS = 250

/** Milliseconds until a row that JetStream refused is tried again: twice as long after each refusal, and this at the most. */
const FIRST_DELAY_MS = 250
const MAX_DELAY_MS = 30_000

/** The name of the lock that says which replica publishes. */
export const RELAY_LOCK = 'relay'

/** What carries a service's events from its outbox to JetStream. */
export type Relay = {
  /** Something was written: look now. */
  wake(): void
  /** Ends it, after the publishing that is under way. */
  stop(): Promise<void>
}

type Parts = { outbox: OutboxStore; lead: Lead; broker: Broker; log: Logger; metrics: RelayMetrics }

/**
 * Starts the relay of a service. Of several replicas one publishes: rows in the order of their ids, without a lock on any, marked
 * when JetStream has them. A row that is published twice (we were killed before the mark) has the same message id, and is one.
 */
export function startRelay(parts: Parts): Relay {
  const stopping = new AbortController()
  let wake: () => void = () => undefined
  let isAwake = false
  const nextWake = () =>
    new Promise<void>((resolve) => {
      if (isAwake) resolve()
      wake = resolve
    })
  const due: DueTimes = new Map()
  const ended = parts.lead(RELAY_LOCK, stopping.signal, async (signal) => {
    parts.metrics.leading.set(1)
    const outage = watchOutage()
    const search = createOutboxSearch()
    while (!signal.aborted) {
      isAwake = false
      const isClear = await sweep(parts, due, search, signal).catch((err: unknown) => {
        search.again()
        if (!signal.aborted) outage.failed(() => parts.log.warn({ err }, 'events wait in the outbox'))
        return false
      })
      if (isClear) {
        outage.worked()
        await pause(LINGER_MS, signal)
        const waited = new AbortController()
        await Promise.race([nextWake(), pause(POLL_MS, AbortSignal.any([signal, waited.signal]))])
        waited.abort()
      } else await pause(RETRY_MS, signal)
    }
    parts.metrics.leading.set(0)
  })
  return {
    wake: () => {
      isAwake = true
      wake()
    },
    stop: async () => {
      stopping.abort()
      await ended
    },
  }
}

/** When rows that JetStream refused are due again, milliseconds of the clock, by their ids. */
type DueTimes = Map<string, number>

/**
 * Publishes everything that waits, and answers whether all went: rows of a stream without room stay, and those of the other streams pass
 * them by. While a page is published, the page before it is marked and the one after it read.
 */
async function sweep(parts: Parts, due: DueTimes, search: OutboxSearch, signal: AbortSignal): Promise<boolean> {
  const { outbox, broker, log } = parts
  // While NATS has never answered there is nothing to look for.
  broker.jetstream()
  const isDue = ({ id }: OutboxRow) => (due.get(id) ?? 0) <= Date.now()
  const blocked = new Set<StreamName>()
  let marking: Promise<unknown> = Promise.resolve()
  let page = await search.find(
    (after) => outbox.read(after, []),
    ([first]) => first?.id,
  )
  while (page.length > 0 && !signal.aborted) {
    const next = outbox.read(page.at(-1)!.id, [...blocked])
    next.catch(() => undefined)
    const outcome = await publishPage(broker, page.filter(isDue), blocked, log)
    await marking
    marking = settle(parts, due, outcome)
    marking.catch(() => undefined)
    page = await next
  }
  await marking
  return blocked.size === 0
}

type Outcome = { stored: string[]; refused: OutboxRow[]; unreadable: OutboxRow[] }

async function publishPage(broker: Broker, rows: OutboxRow[], blocked: Set<StreamName>, log: Logger): Promise<Outcome> {
  const outcome: Outcome = { stored: [], refused: [], unreadable: [] }
  const streams = new Map<StreamName, { row: OutboxRow; message: Message }[]>()
  for (const row of rows) {
    try {
      const { stream, ...message } = messageOf(row)
      if (blocked.has(stream)) continue
      const entries = streams.get(stream) ?? []
      entries.push({ row, message })
      streams.set(stream, entries)
    } catch (err) {
      log.error(
        { event: row.id, subject: row.subject, err },
        'a row of the outbox does not match the contract of its event',
      )
      outcome.unreadable.push(row)
    }
  }
  const publishing = [...streams].map(async ([stream, entries]) => {
    const results = await publishAll(
      broker,
      entries.map(({ message }) => message),
    )
    for (const [index, { row }] of entries.entries()) {
      if (results[index] === 'stored') outcome.stored.push(row.id)
      else if (results[index] === 'refused') outcome.refused.push(row)
      else if (!blocked.has(stream)) {
        blocked.add(stream)
        log.warn({ stream }, 'a stream is full: its events wait in the outbox')
      }
    }
  })
  await Promise.all(publishing)
  return outcome
}

// Only what the contract cannot read is abandoned. A refusal may have any cause, and ends with it: the row waits, and an alarm tells.
async function settle({ outbox, metrics, log }: Parts, due: DueTimes, { stored, refused, unreadable }: Outcome) {
  if (stored.length > 0) await outbox.markPublished(stored)
  metrics.published.inc(stored.length)
  for (const id of stored) due.delete(id)
  for (const { id, subject, attempts } of refused) {
    due.set(id, Date.now() + Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempts, 16)))
    log.warn({ event: id, subject, attempts: attempts + 1 }, 'JetStream refused an event: it waits in the outbox')
  }
  metrics.refused.inc(refused.length)
  if (refused.length > 0) await outbox.markRefused(refused.map(({ id }) => id))
  if (unreadable.length === 0) return
  await outbox.markAbandoned(unreadable.map(({ id }) => id))
  metrics.abandoned.inc(unreadable.length)
  for (const { id, subject } of unreadable)
    log.error({ event: id, subject }, 'an event was abandoned: it stays in the outbox, with abandoned_at')
}
