import type { Received } from '#chassis/events/envelope.ts'
import type { Refusal, Subscription } from '#chassis/events/subscription.ts'
import { isBadEvent } from './checks.ts'
import type { RowsOf } from './rows.ts'

type Sourced<Row> = { row: Row; received: Received }

/** Rows that one statement stores. Messages about views have many each. */
const MAX_ROWS = 2000

/**
 * Makes the handler of a stream from how rows are made of an event and how they are stored: in one statement, which answers with
 * the ids that it refused because they are known at another time. An event that is refused leaves the others alone, and so does a
 * view that is: the others of its message are counted.
 */
export const ingest =
  <Row extends { id: string; time: Date }>(
    rowsOf: RowsOf<Row>,
    store: (rows: Row[]) => Promise<string[]>,
  ): Subscription['handle'] =>
  async (batch) => {
    const refusals: Refusal[] = []
    const rows = batch.flatMap((received) => readRows(received, rowsOf, refusals))
    for (const chunk of chunksOf(rows)) {
      const clashing = new Set(await store(chunk.map(({ row }) => row)))
      for (const { row, received } of chunk) {
        if (clashing.has(row.id)) refusals.push({ received, reason: 'its id is known, with another time' })
      }
    }
    return refusals
  }

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

/** Rows of one id with different times do not share a statement: the later one must find the first one stored. */
function* chunksOf<Row extends { id: string; time: Date }>(rows: Sourced<Row>[]): Generator<Sourced<Row>[]> {
  let chunk: Sourced<Row>[] = []
  let times = new Map<string, number>()
  for (const sourced of rows) {
    const { id, time } = sourced.row
    const clashes = (times.get(id) ?? time.getTime()) !== time.getTime()
    if (clashes || chunk.length === MAX_ROWS) {
      yield chunk
      chunk = []
      times = new Map()
    }
    times.set(id, time.getTime())
    chunk.push(sourced)
  }
  if (chunk.length > 0) yield chunk
}
