// `npm run scale`: fills the databases for so many users, and measures sizes and calls beside a small site. Progress goes to stderr, the report to stdout
// and to the page.
import { endWithParent } from '../bootstrap/parent.mjs'
import { startLoadTool } from '../bench/load/client.ts'
import { say as sayAlways } from '../processes/say.ts'
import { measureCalls } from './measure.ts'
import { readOptions, type ScaleOptions } from './options.ts'
import { writeBlock } from './page.ts'
import { measurePartitions } from './partitions.ts'
import { plansOf } from './plans.ts'
import { amountTable, MOST_GROWTH, reportOf } from './report.ts'
import { openScaleSite } from './site.ts'

endWithParent()
const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => interrupted.abort(new Error(`ended by ${name}`)))
}

try {
  await scale(readOptions(), interrupted.signal)
} catch (error) {
  process.stderr.write(`${interrupted.signal.aborted ? interrupted.signal.reason.message : (error as Error).stack}\n`)
  process.exitCode = interrupted.signal.aborted ? 130 : 1
}

async function scale({ users, small: few, ...times }: ScaleOptions, signal: AbortSignal) {
  const say = (line: string) => {
    signal.throwIfAborted()
    sayAlways(line)
  }
  await using small = await openScaleSite('scale-small', few, say)
  await using large = await openScaleSite('scale', users, say)
  await using load = startLoadTool(signal)
  const calls = await measureCalls({ small, large }, load, times, say)
  const grown = calls.filter(({ p99 }) => p99 > MOST_GROWTH).map(({ name }) => name)
  const plans = await plansOf(grown, { small, large })
  say('plans')
  const partitions = await measurePartitions(large.urls)
  say('partitions')
  const report = reportOf({ small, large, calls, plans, partitions })
  process.stdout.write(`${report}\n`)
  writeBlock('amounts', amountTable())
  writeBlock(String(users), report)
}
