// `npm run scale`: fills the databases for so many users, and measures sizes and calls beside a small site. Progress goes to stderr, the report to stdout
// and to the page.
import { startLoadTool } from '../bench/load/client.ts'
import { interruptible } from '../processes/interruptible.ts'
import { measureCalls } from './measure.ts'
import { readOptions, type ScaleOptions } from './options.ts'
import { writeBlock } from './page.ts'
import { measurePartitions } from './partitions.ts'
import { plansOf } from './plans.ts'
import { amountTable, type Measured, MOST_GROWTH, reportOf } from './report.ts'
import { openScaleSite } from './site.ts'

await interruptible((signal, say) => scale(readOptions(), signal, say))

async function scale({ users, small: few, ...times }: ScaleOptions, signal: AbortSignal, say: (line: string) => void) {
  await using small = await openScaleSite('scale-small', few, say)
  await using large = await openScaleSite('scale', users, say)
  await using load = startLoadTool(signal)
  const measured: Measured = { small, large, calls: [], plans: [], partitions: [] }
  try {
    measured.calls = await measureCalls({ small, large }, load, times, say)
    const grown = measured.calls.filter(({ p99 }) => p99 > MOST_GROWTH).map(({ name }) => name)
    measured.plans = await plansOf(grown, { small, large })
    say('plans')
    measured.partitions = await measurePartitions(large.urls, say)
  } finally {
    // What was measured took long, so it is printed however this ends.
    process.stdout.write(`${reportOf(measured)}\n`)
  }
  writeBlock('amounts', amountTable())
  writeBlock(String(users), reportOf(measured))
}
