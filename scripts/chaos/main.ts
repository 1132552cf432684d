// `npm run chaos`: kills or freezes a random part, or breaks its network, every few seconds while people work, each once before any again. Then it proves by
// recount that nothing that was acknowledged is lost, and that nothing is counted twice.
import { parseArgs } from 'node:util'
import { pause } from '#chassis/pause.ts'
import { type Finding, linesOf } from '../../services/deploy/recount/finding.ts'
import { processAll } from '../../services/dev-env/process-all.ts'
import { SERVICES } from '../../services/services.ts'
import { Stop } from '../bootstrap/step.mjs'
import { interruptible } from '../processes/interruptible.ts'
import { waitingRows } from '../processes/outbox.ts'
import { say } from '../processes/say.ts'
import { drawing } from './draw.ts'
import { type Ledger, newLedger } from './ledger.ts'
import { actAsPerson } from './load.ts'
import { recount } from './recount.ts'
import { recountSales, untilSalesEnded } from './recount-sales.ts'
import { recountTests, untilTestsEnded } from './recount-tests.ts'
import type { Site } from '../processes/site.ts'
import { type Fault, openChaosSite } from './site.ts'

const USAGE = 'npm run chaos -- [--minutes N]   (default 5)'

/** People who work at once. */
const PEOPLE = 12

/** Milliseconds between two faults, at the most. */
const PEACE_MS = 4000

/** Milliseconds that all events get to arrive in the end. */
const SETTLE_MS = 120_000

await interruptible(async (signal) => {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } })
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new Stop(`${values.minutes} is not a number of minutes\n${USAGE}`)
  process.exitCode = (await chaos(minutes * 60_000, signal)) ? 0 : 1
})

/** An interruption ends the faults and the work early; what was acknowledged until then is still proved. */
async function chaos(durationMs: number, interrupted: AbortSignal): Promise<boolean> {
  await using mesh = await openChaosSite((step) => say(`ready: ${step}`))
  const { site, gateway, faults } = mesh
  const ledger = newLedger()
  const end = AbortSignal.any([interrupted, AbortSignal.timeout(durationMs)])
  const people = Array.from({ length: PEOPLE }, () => actAsPerson(gateway.url, ledger, end))
  const struck = await strikeOften(faults, end, ledger)
  await Promise.all(people)
  await Promise.all(ledger.tests.watches.going)
  say('everybody has stopped: waiting until all tests have ended')
  await untilTestsEnded(site.databases['test']!)
  say('waiting until all payments and refunds have ended')
  await untilSalesEnded(site.databases['marketplace']!)
  say('waiting until all events have arrived')
  await processAll(site.manager, outboxesOf(site), SETTLE_MS)
  const findings = [
    ...(await recount(site.databases, ledger)),
    ...(await recountTests(site.databases['test']!, ledger, site.calls)),
    ...(await recountSales(site.databases['marketplace']!, ledger, site.payments)),
    await noDeadLetters(site),
  ]
  process.stdout.write(`\n${report(findings, struck, ledger)}\n`)
  return findings.every(({ wrong }) => wrong.length === 0)
}

async function strikeOften(faults: Fault[], signal: AbortSignal, { answers }: Ledger): Promise<Record<string, number>> {
  const struck: Record<string, number> = Object.fromEntries(faults.map(({ name }) => [name, 0]))
  const draw = drawing(faults)
  while (!signal.aborted) {
    await pause(Math.random() * PEACE_MS, signal)
    if (signal.aborted) break
    const { name, maxMs, strike } = draw()
    const ms = Math.random() < 0.5 ? maxMs / 10 : Math.random() * maxMs
    const acknowledged = answers['200'] ?? 0
    await strike(ms)
    struck[name]! += 1
    say(`${name} for ${(ms / 1000).toFixed(1)} s; ${acknowledged} requests acknowledged before`)
  }
  return struck
}

function outboxesOf({ databases }: Site) {
  return Object.fromEntries(SERVICES.map(({ name }) => [name, { waiting: () => waitingRows(databases[name]!) }]))
}

async function noDeadLetters({ manager }: Site): Promise<Finding> {
  const { state } = await manager.streams.info('PF_DEAD_LETTER')
  const wrong = state.messages > 0 ? [`${state.messages} events went to the dead letters`] : []
  return { what: 'no event went to the dead letters', compared: state.messages, wrong }
}

function report(
  findings: Finding[],
  struck: Record<string, number>,
  { users, prompts, tests, sales, answers }: Ledger,
): string {
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
  return [
    `faults: ${list(struck)}`,
    `watched tests: ${tests.watches.ended} to the end, ${tests.watches.left} left before; ${tests.watches.resumed} broken streams opened again`,
    `answers: ${list(answers)}; ${users.size} users, ${prompts.size} prompts, ${tests.suiteRuns.size} runs of suites, ${tests.judgings.size} judgings, ${sales.ended.size} purchases and ${sales.refunded.size} refunds acknowledged`,
    '',
    ...linesOf(findings),
  ].join('\n')
}
