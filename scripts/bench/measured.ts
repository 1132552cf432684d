import type { Result } from './measure.ts'
import type { BenchSite } from './site.ts'
import { restTable, resultTable, type SpineResult, spineTable } from './table.ts'

/** What has been measured so far. */
export type Measured = { results: Result[]; spine: SpineResult[]; tests: SpineResult[] }

/** Runs measurements, and prints the tables of what they have measured however they end. */
export async function printing(
  atRest: BenchSite['atRest'],
  print: (text: string) => void,
  run: (measured: Measured) => Promise<void>,
): Promise<void> {
  const measured: Measured = { results: [], spine: [], tests: [] }
  try {
    await run(measured)
  } finally {
    const tables = [
      resultTable(measured.results),
      spineTable('events', measured.spine),
      spineTable('tests', measured.tests),
      restTable(atRest),
    ]
    print(`\n${tables.join('\n\n')}\n`)
  }
}
