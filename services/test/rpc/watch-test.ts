import type { Sql } from '#chassis/db/statements.ts'
import { notFound, outOfRange } from '#chassis/errors.ts'
import type { Call, Streaming } from '#chassis/grpc/call.ts'
import { unlessAborted } from '#chassis/grpc/waiting.ts'
import { watching } from '#chassis/grpc/watching.ts'
import type { TestEvent } from '#contracts/gen/promptforge/test/v1/test.ts'
import type { WatchTestRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Deps } from '../context.ts'
import { getTest } from '../db/get-test.ts'
import type { SummaryRow, TestRow } from '../db/rows.ts'
import type { Watches } from '../watches.ts'
import { mayReadText } from './readable.ts'
import { toSummary, toTest } from './view.ts'

/** UTF-16 units of one part of a text. */
const MAX_DELTA = 32 * 1024

/** Where a watcher is: what it has of the text of an attempt. */
type Place = { attempt: number; offset: number }

export const watchTest = ({ watches, remote }: Pick<Deps, 'watches' | 'remote'>) =>
  async function* ({ testId, after }: WatchTestRequest, call: Streaming<Call>) {
    const { sql, caller } = call
    const [row] = await sql(getTest, { id: testId, userId: caller.userId })
    if (!row || !(await mayReadText(remote, row, call))) throw notFound('test')
    const [attempt, offset] = (after || '0.0').split('.').map(Number) as [number, number]
    if (attempt > row.attempts + 1) throw noSuchPlace()
    yield* watching(call, after || '0.0', (signal) =>
      eventsOf({ watches, sql, row, place: { attempt, offset }, signal }),
    )
  }

type Parts = { watches: Watches; sql: Sql; row: TestRow; place: Place; signal: AbortSignal }

async function* eventsOf({ watches, sql, row, place, signal }: Parts): AsyncGenerator<TestEvent, void, void> {
  using watch = watches.open(row.id)
  const { test } = watch
  let shown = 0
  const event = (what: TestEvent['what']): TestEvent => ({ cursor: `${place.attempt}.${place.offset}`, what })
  while (!signal.aborted) {
    // Taken before what has changed is read: a change in between is not missed.
    const { changed } = test
    const state: SummaryRow = test.state ?? row
    if (state.revision > shown && !state.completed_at) {
      shown = state.revision
      yield event({ $case: 'changed', value: toSummary(state) })
    }
    if (hasMore(place, test)) yield* partsOf(place, test, event)
    else if (state.completed_at) {
      const [whole] = await sql(getTest, { id: row.id, userId: row.user_id })
      if (!whole) return
      const stored = { attempt: whole.attempts, text: whole.response ?? '' }
      if (hasMore(place, stored)) yield* partsOf(place, stored, event)
      yield event({ $case: 'ended', value: toTest(whole) })
      return
    } else await unlessAborted(changed, signal)
  }
}

type Said = { attempt: number; text: string }

const hasMore = (place: Place, { attempt, text }: Said) =>
  attempt === place.attempt ? text.length > place.offset : attempt > place.attempt && text !== ''

/** What an attempt has said beyond a place, which moves with it; before it that the attempt is another one. */
function* partsOf(
  place: Place,
  { attempt, text }: Said,
  event: (what: TestEvent['what']) => TestEvent,
): Generator<TestEvent, void, void> {
  if (attempt !== place.attempt) {
    const isAnew = place.attempt > 0
    Object.assign(place, { attempt, offset: 0 })
    if (isAnew) yield event({ $case: 'restarted', value: { attempt } })
  }
  while (place.offset < text.length) {
    const { offset } = place
    const part = wholeCharacters(text.slice(offset, offset + MAX_DELTA))
    place.offset += part.length
    yield event({ $case: 'delta', value: { attempt, offset, text: part } })
  }
}

const wholeCharacters = (part: string) => (part.isWellFormed() ? part : part.slice(0, -1))

const noSuchPlace = () => outOfRange('CURSOR_EXPIRED', 'after is not a cursor of this test: open the stream without it')
