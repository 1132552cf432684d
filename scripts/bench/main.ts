// `npm run bench`: the services beside a bare server. Progress goes to stderr, the tables to stdout.
import { interruptible } from '../processes/interruptible.ts'
import { CELLS } from './cells.ts'
import { startLoadTool } from './load/client.ts'
import { measure, warmUp } from './measure.ts'
import { printing } from './measured.ts'
import { type BenchOptions, readOptions } from './options.ts'
import { openBenchSite } from './site.ts'
import { measureSpine } from './spine-cells.ts'
import { measureTests } from './test-runs.ts'
import { resultLine, spineLine } from './table.ts'

await interruptible((signal, say) => bench(readOptions(), signal, say))

async function bench(
  { flags, only, concurrency, events, tests: ofRound, ...times }: BenchOptions,
  signal: AbortSignal,
  say: (line: string) => void,
) {
  await using site = await openBenchSite(flags, say)
  await using load = startLoadTool(signal)
  await printing(
    site.atRest,
    (text) => process.stdout.write(text),
    async ({ results, spine, tests }) => {
      for (const cell of CELLS.filter(({ name }) => only.includes(name))) {
        const calls = cell.concurrency ?? concurrency
        await warmUp({ ...site, ...times, load }, cell, Math.max(...calls))
        for (const many of calls) {
          const result = await measure({ ...site, ...times, load }, cell, many)
          results.push(result)
          say(resultLine(result))
        }
      }
      if (ofRound > 0) {
        await measureTests({ ...site, load }, { ofRound, rounds: times.rounds }, (result) => {
          tests.push(result)
          say(spineLine(result))
        })
      }
      if (events === 0) return
      await measureSpine(site, events, say, (result) => {
        spine.push(result)
        say(spineLine(result))
      })
    },
  )
}
