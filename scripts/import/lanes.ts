import { Refused } from './api.ts'
import type { Outcome, Report } from './report.ts'

/** How many are under way at a time. */
const LANES = 8

/** What follows the import of rows or prompts. */
export type Course<T> = {
  report: Report
  /** Told of each that is done with. */
  onDone(item: T): void
  /** Ends the import when it is aborted, which the import itself does when it cannot go on. */
  ending: AbortController
}

/** Imports each by `add` until there are no more or `ending` is aborted. What came of it is in the report. */
export async function importAll<T extends { line: number }>(
  items: AsyncIterable<T>,
  { ending, report, onDone }: Course<T>,
  add: (item: T) => Promise<Outcome | 'different'>,
): Promise<void> {
  const lane = async () => {
    for await (const item of items) {
      if (ending.signal.aborted) return
      report.begin()
      try {
        const outcome = await add(item)
        if (outcome === 'different') report.differ(item.line)
        else report.end(outcome)
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        report.refuse(item.line, error.message)
      }
      onDone(item)
    }
  }
  await Promise.all(Array.from({ length: LANES }, () => lane().catch((error: unknown) => ending.abort(error))))
}
