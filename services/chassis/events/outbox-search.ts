import { firstIdOf, timeOf } from '../ids.ts'

/**
 * How far back one looks for what waits, by the time in the ids, and how often at the most, milliseconds. An event has the id of when its change
 * began, and is seen when that has committed. Older ids come from `resync`, `replay` and clocks that are wrong, or wait for a stream.
 */
const LOOKS = [
  { backMs: Infinity, everyMs: 10_000, mostRestMs: 60_000 },
  { backMs: 60_000, everyMs: 1000, mostRestMs: 10_000 },
  { backMs: 5000, everyMs: 0, mostRestMs: 0 },
]

/** A look that may be costly comes again after so many times as long as it took: it takes a hundredth of the time. */
const REST = 100

/**
 * When a look that began at this time of `performance.now()` and has ended now may come again, by the same clock: after `mostRestMs` at the
 * most.
 */
function restsUntil(begun: number, mostRestMs: number): number {
  const now = performance.now()
  return now + Math.min(REST * (now - begun), mostRestMs)
}

/** Finds what waits in an outbox. */
export type OutboxSearch = {
  /**
   * Looks for what waits and has an id after this one, or from the beginning; answers with what it found. `firstOf` is the lowest id of that.
   */
  find<T>(look: (after: string | undefined) => Promise<T>, firstOf: (found: T) => string | undefined): Promise<T>
  /** What was found last could not be published: the next look finds it again, however old it is. */
  again(): void
}

/**
 * Makes a search that mostly looks at what is young: while a dump holds its snapshot, PostgreSQL keeps the index entries of all rows that
 * were published meanwhile, and a look from the beginning reads them all.
 */
export function createOutboxSearch(): OutboxSearch {
  const dueAt = LOOKS.map(() => 0)
  let lowest: string | undefined
  let unpublished: string | undefined
  return {
    find: async (look, firstOf) => {
      const begun = performance.now()
      const width = dueAt.findIndex((at) => at <= begun)
      const { backMs, everyMs, mostRestMs } = LOOKS[width]!
      const since = Math.min(Date.now() - backMs, unpublished === undefined ? Infinity : timeOf(unpublished) - 1)
      const found = await look(since === -Infinity ? undefined : firstIdOf(since))
      unpublished = undefined
      lowest = firstOf(found)
      const narrower = LOOKS[width + 1]
      if (narrower) {
        // Where this look alone finds something, there may soon be more.
        const foundMore = lowest !== undefined && timeOf(lowest) < Date.now() - narrower.backMs
        dueAt[width] = Math.max(restsUntil(begun, mostRestMs), foundMore ? 0 : begun + everyMs)
      }
      return found
    },
    again: () => {
      unpublished = lowest
    },
  }
}

/** The longest that what `remembering` has found is kept, milliseconds. */
const MOST_KEPT_MS = 60_000

/** Makes a function that answers with what `look` found, and looks again when the last look may come again. */
export function remembering<T>(look: () => Promise<T>): () => Promise<T> {
  let last: { found: T; until: number } | undefined
  return async () => {
    const begun = performance.now()
    if (!last || last.until <= begun) {
      const found = await look()
      last = { found, until: restsUntil(begun, MOST_KEPT_MS) }
    }
    return last.found
  }
}
