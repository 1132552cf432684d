import type { Sql } from '#chassis/db/statements.ts'
import { exhausted, outOfRange } from '#chassis/errors.ts'
import { unlessAborted } from '#chassis/grpc/waiting.ts'
import type { Logger } from '#chassis/logger.ts'
import { watchOutage } from '#chassis/outage.ts'
import type { ArrivedEvent } from '#contracts/gen/promptforge/analytics/v1/analytics.ts'
import { cursorOf, isBefore, type Position, readCursor, startOf } from './arrivals.ts'
import { arrivalParams, type ArrivalRow, findHorizon, listArrivals, PAGE } from './db/list-arrivals.ts'

/** Events that are kept for readers, a few megabytes. */
const KEPT = 5000

/** Events that a reader takes at once: one that stops holds no more of them. */
const TAKEN = 100

/** A reader that takes longer over an event, milliseconds, has stopped. */
const SLOW_MS = 1000

/** How old a cursor may be. A month of events can be detached only later. */
const CURSOR_MS = 30 * 86_400_000

type Arrival = { position: Position; event: ArrivedEvent }

/** The events of all replicas as they arrive, which one query at a time reads for all readers of this replica. */
export type LiveEvents = {
  /** Where to begin after a cursor; with the next event after an empty one. Throws OUT_OF_RANGE when the cursor is too old. */
  begin(after: string): Promise<Position>
  /**
   * The events after a place, until `signal` is aborted. A reader that is behind reads the database by itself. One that has stopped for a
   * second, and needs what is no longer kept, gets RESOURCE_EXHAUSTED.
   */
  after(position: Position, signal: AbortSignal): AsyncGenerator<ArrivedEvent, void, void>
  /** Looks for new events, if anybody reads. Never throws: while the database does not answer, readers wait. */
  look(): Promise<void>
}

export function createLiveEvents(sql: Sql, log: Logger): LiveEvents {
  const outage = watchOutage()
  let readers = 0
  /** What is kept: all events after `from`, up to `to`. Undefined when nobody has read. Only `read` changes these. */
  let window: { from: Position; to: Position } | undefined
  let kept: Arrival[] = []
  let news = Promise.withResolvers<void>()
  let looking: Promise<void> | undefined

  // Many streams begin at once when another replica has ended theirs.
  const horizon = shareNext(async () => BigInt((await sql(findHorizon, {}))[0]!.horizon))

  /** The events after a place, and the place up to which these are all. */
  const readPage = async (position: Position, end: bigint) => {
    const arrivals = (await sql(listArrivals, arrivalParams(position, end))).map(toArrival)
    return { arrivals, to: arrivals.length < PAGE ? startOf(end) : arrivals.at(-1)!.position }
  }

  const read = async () => {
    if (readers === 0) {
      window = undefined
      kept = []
      return
    }
    const end = await horizon()
    window ??= { from: startOf(end), to: startOf(end) }
    while (isBefore(window.to, startOf(end))) {
      const { arrivals, to } = await readPage(window.to, end)
      kept.push(...arrivals)
      const dropped = kept.splice(0, Math.max(0, kept.length - KEPT))
      window = { from: dropped.at(-1)?.position ?? window.from, to }
      if (arrivals.length === 0) continue
      news.resolve()
      news = Promise.withResolvers()
    }
  }

  const readOnce = () => {
    looking ??= read().finally(() => {
      looking = undefined
    })
    return looking
  }

  const look = async () => {
    try {
      await readOnce()
      if (outage.worked()) log.info('what arrives can be read again')
    } catch (err) {
      outage.failed(() => log.warn({ err }, 'cannot read what arrives: who watches waits'))
    }
  }

  /** The next events after a place of those that are kept; undefined when some before them are not. */
  const keptAfter = (position: Position) => {
    if (!window || isBefore(position, window.from)) return undefined
    const first = kept.findLastIndex((one) => !isBefore(position, one.position)) + 1
    return kept.slice(first, first + TAKEN)
  }

  return {
    look,
    begin: async (after) => {
      const end = await horizon()
      if (after === '') return startOf(end)
      const { time, position } = readCursor(after)
      // One beyond the horizon is of another database.
      if (time < Date.now() - CURSOR_MS || isBefore(startOf(end), position)) throw cursorExpired()
      return position
    },
    after: async function* (start, signal) {
      let position = start
      readers++
      let wasSlow = false
      try {
        while (!window) await readOnce()
        while (!signal.aborted) {
          const { promise } = news
          const next = keptAfter(position)
          if (!next && wasSlow) throw tooSlow()
          wasSlow = false
          if (next?.length === 0) await unlessAborted(promise, signal)
          const page = next ? undefined : await readPage(position, await horizon())
          for (const arrival of next ?? page!.arrivals) {
            const offeredAt = performance.now()
            yield arrival.event
            wasSlow ||= performance.now() - offeredAt > SLOW_MS
            position = arrival.position
          }
          if (page) position = page.to
        }
      } finally {
        readers--
      }
    },
  }
}

/** Runs one at a time, and gives each caller the result of a run that began after the call: all who wait share the next one. */
function shareNext<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<T> | undefined
  const runNext = () => {
    next = undefined
    const result = run()
    running = result.catch(() => undefined)
    return result
  }
  return () => (next ??= running.then(runNext))
}

function toArrival(row: ArrivalRow): Arrival {
  const position: Position = { xid: BigInt(row.xid), about: row.about, id: BigInt(row.id) }
  const event: ArrivedEvent = {
    cursor: cursorOf(row.created_at.getTime(), position),
    eventId: row.event_id,
    type: row.event_type,
    time: row.event_time,
    promptId: row.prompt_id ?? '',
    userId: row.user_id ?? '',
    username: row.username ?? '',
  }
  return { position, event }
}

const cursorExpired = () =>
  outOfRange(
    'CURSOR_EXPIRED',
    'after is older than 30 days, or of another database: open the stream without it, and list what you have missed',
  )

const tooSlow = () =>
  exhausted(
    'READER_TOO_SLOW',
    `you have stopped reading, and are ${KEPT} events behind: open the stream again after the last cursor that you have, and read faster`,
    1000,
  )
