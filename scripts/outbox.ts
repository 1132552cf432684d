// `npm run outbox -- replay --since TIME [--service NAME]…`: services of the PromptForge that `npm start` runs publish again what they have told since a
// time, as `services/<name>/main.ts replay TIME` does. Nothing happens twice, for the events keep their ids.
import { parseArgs } from 'node:util'
import { textTable } from '../services/chassis/text-table.ts'
import { timeArgument } from '../services/chassis/time-argument.ts'
import { emittedBy } from '../services/contracts/events.ts'
import { SERVICES } from '../services/services.ts'
import { connectionsOfRunning, runCommandOf } from './running.ts'

const USAGE = 'npm run outbox -- replay --since 2026-11-20T00:00:00Z [--service NAME]…'

/** The services that tell something. */
const EMITTING = SERVICES.map(({ name }) => name).filter((name) => emittedBy(name).length > 0)

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { since: { type: 'string', default: '' }, service: { type: 'string', multiple: true, default: EMITTING } },
  })
  if (positionals.join(' ') !== 'replay') throw new Error(USAGE)
  const since = timeArgument('replay --since', values.since).toISOString()
  const unknown = values.service.filter((name) => !EMITTING.includes(name))
  if (unknown.length > 0)
    throw new Error(`${unknown.join(', ')} has no events to publish: name some of ${EMITTING.join(', ')}`)
  await connectionsOfRunning()
  const rows: string[][] = []
  for (const service of values.service) {
    const { output, code } = await runCommandOf(service, ['replay', since])
    rows.push([service, since, code === 0 ? replayedOf(output) : 'failed: see above'])
    if (code === 0) continue
    process.stderr.write(output)
    process.exitCode = 1
  }
  process.stdout.write(
    `${textTable(['service', 'since', 'events published again'], rows, process.stdout.columns).join('\n')}\n`,
  )
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}

/** How many the last line of the log says. */
function replayedOf(output: string): string {
  const last = output.trim().split('\n').at(-1)!
  return String((JSON.parse(last) as { replayed: number }).replayed)
}
