import { firstIdOf, timeOf } from '../ids.ts'

/**
 * How far back one looks for what waits, by the time in the ids, and how often at the most, milliseconds. An event has the id of when its change
 * began, and is seen when that has committed. Older ids come from `resync`, `replay` and clocks that are wrong, or wait for a stream.
 */
const LOOKS = [
  { backMs: Infinity, everyMs: 10_000 },
  { backMs: 60_000, everyMs: 1000 },
  { backMs: 5000, everyMs: 0 },
]

/** A look that may be costly comes again after so many times as long as it took: it takes a hundredth of the time. But after a minute at the most. */
const REST = 100
const MOST_REST_MS = 60_000

/** When a look that began at this time of `performance.now()` and has ended now may come again, by the same clock. */
function restsUntil(begun: number): number {
  const now = performance.now()
  return now + Math.min(REST * (now - begun), MOST_REST_MS)
}

/** Looks for what waits and has an id after this one, or from the beginning; answers with what it found. `firstOf` is the lowest id of that. */
export type OutboxSearch = <T>(
  look: (after: string | undefined) => Promise<T>,
  firstOf: (found: T) => string | undefined,
) => Promise<T>

/**
 * Makes a search that mostly looks at what is young: while a dump holds its snapshot, PostgreSQL keeps the index entries of all rows that
 * were published meanwhile, and a look from the beginning reads them all.
 */
export function createOutboxSearch(): OutboxSearch {
  const dueAt = LOOKS.map(() => 0)
  return async (look, firstOf) => {
    const begun = performance.now()
    const width = dueAt.findIndex((at) => at <= begun)
    const { backMs, everyMs } = LOOKS[width]!
    const found = await look(backMs === Infinity ? undefined : firstIdOf(Date.now() - backMs))
    const first = firstOf(found)
    const narrower = LOOKS[width + 1]
    if (narrower) {
      // Where this look alone finds something, there may soon be more.
      const foundMore = first !== undefined && timeOf(first) < Date.now() - narrower.backMs
      dueAt[width] = Math.max(restsUntil(begun), foundMore ? 0 : begun + everyMs)
    }
    return found
  }
}

/** Makes a function that answers with what `look` found, and looks again when the last look may come again. */
export function remembering<T>(look: () => Promise<T>): () => Promise<T> {
  let last: { found: T; until: number } | undefined
  return async () => {
    const begun = performance.now()
    if (!last || last.until <= begun) {
      const found = await look()
      last = { found, until: restsUntil(begun) }
    }
    return last.found
  }
}
