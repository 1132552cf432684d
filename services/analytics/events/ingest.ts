import type { Received } from '#chassis/events/envelope.ts'
import type { Refusal, Subscription } from '#chassis/events/subscription.ts'
import type { EventMetadata } from '#contracts/gen/promptforge/event/v1/event.ts'
import { isBadEvent } from './checks.ts'
import type { EventRow, RowsOf } from './rows.ts'

type Sourced<Row> = { row: Row; received: Received }

/** What decides which rows one statement can store. */
type Stored = Pick<EventRow, 'id' | 'time' | 'once'>

/** Rows that one statement stores. Messages about views have many each. */
const MAX_ROWS = 2000

/**
 * Makes the handler of a stream from how rows are made of an event and how they are stored: in one statement, which answers with
 * the ids that it refused because they are known at another time. An event that is refused leaves the others alone, and so does a
 * view that is: the others of its message are counted. What `resync` tells of an event that can happen often is left out: nobody knows
 * whether it has been counted.
 */
export const ingest =
  <Row extends Stored>(
    rowsOf: RowsOf<Row>,
    aboutOf: (row: Row) => string,
    store: (rows: Row[]) => Promise<{ event_id: string }[]>,
  ): Subscription['handle'] =>
  async (batch) => {
    const refusals: Refusal[] = []
    const rows = batch.filter(isCountable).flatMap((received) => readRows(received, rowsOf, refusals))
    for (const chunk of chunksOf(rows, aboutOf)) {
      const known = await store(chunk.map(({ row }) => row))
      const clashing = new Set(known.map(({ event_id: id }) => id))
      for (const { row, received } of chunk) {
        if (clashing.has(row.id)) refusals.push({ received, reason: 'its id is known, with another time' })
      }
    }
    return refusals
  }

const isCountable = ({ event, payload }: Received) =>
  event.happens !== 'OFTEN' || !(payload as { metadata?: EventMetadata }).metadata?.resync

function readRows<Row>(received: Received, rowsOf: RowsOf<Row>, refusals: Refusal[]): Sourced<Row>[] {
  return rowsOf(received).flatMap((make) => {
    try {
      return [{ row: make(), received }]
    } catch (error) {
      if (!isBadEvent(error)) throw error
      refusals.push({ received, reason: error.message })
      return []
    }
  })
}

/**
 * Rows of one id with different times do not share a statement, nor do different ids of what happens once: the later one must find the
 * first one stored.
 */
function* chunksOf<Row extends Stored>(rows: Sourced<Row>[], aboutOf: (row: Row) => string): Generator<Sourced<Row>[]> {
  let chunk: Sourced<Row>[] = []
  let known = new Map<string, string | number>()
  for (const sourced of rows) {
    const { id, time, once } = sourced.row
    const keys: [key: string, value: string | number][] = [[id, time.getTime()]]
    if (once !== null) keys.push([`${aboutOf(sourced.row)} ${once}`, id])
    const clashes = keys.some(([key, value]) => (known.get(key) ?? value) !== value)
    if (clashes || chunk.length === MAX_ROWS) {
      yield chunk
      chunk = []
      known = new Map()
    }
    for (const [key, value] of keys) known.set(key, value)
    chunk.push(sourced)
  }
  if (chunk.length > 0) yield chunk
}
