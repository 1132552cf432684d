// `npm run abuse`: plays attacks and silent networks against PromptForge as the README says to run it in production, while somebody
// innocent works, and prints what came of each. Ends with 1 when one did harm.
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { until } from '#chassis/testing/until.ts'
import { type Mesh, openMesh } from '../processes/mesh.ts'
import { readPems } from '../processes/pems.ts'
import { say } from '../processes/say.ts'
import { type Attack, ATTACKS, type Target } from './attacks.ts'
import { sender } from './http.ts'
import { type Gauges, watchGauges } from './gauges.ts'
import { type Innocent, register, startInnocent } from './innocent.ts'

/** Where the attacker's requests come from, and the innocent's. */
const ATTACKER = '127.0.0.66'
const INNOCENT = '127.0.0.1'

/** Milliseconds that nearly every request of the innocent is answered in, and for which a service may do one thing only. */
const MAX_P99_MS = 100
const MAX_PAUSE_MS = 50

/** Milliseconds for which an attack is repeated. */
const PLAY_MS = 3000

/** Milliseconds that everything may take to be itself again after an attack. */
const RECOVERY_MS = 30_000

try {
  process.exitCode = (await abuse()) ? 0 : 1
} catch (error) {
  say(inspect(error))
  process.exitCode = 1
}

async function abuse(): Promise<boolean> {
  await using mesh = await openMesh('abuse', { rateLimitFactor: 1, say: (step) => say(`ready: ${step}`) })
  const { port } = mesh.gateway
  using send = sender(port, ATTACKER)
  await using innocent = await startInnocent({ port, address: INNOCENT })
  // The attacker, who would be on another machine, leaves this one to those who are attacked. The innocent's thread has begun already.
  setPriority(constants.priority.PRIORITY_LOW)
  const target = { ...(await prepare(mesh, send, innocent)), port }
  await using measures = watchGauges(mesh.parts)
  let harmed = 0
  for (const attack of ATTACKS) harmed += (await play(attack, target, innocent, measures)) ? 0 : 1
  process.stdout.write(`\n${ATTACKS.length - harmed} of ${ATTACKS.length} did no harm\n`)
  return harmed === 0
}

async function prepare(mesh: Mesh, send: Target['send'], innocent: Innocent): Promise<Omit<Target, 'port'>> {
  const token = await register(send, 'attacker')
  const body = { title: 'A bait', content: 'Text' }
  const made = await send('POST', '/v1/prompts', { token, body })
  const tls = readPems(join(mesh.site.network.certificates, 'client', 'current'))
  const own: string = made.body.prompt.id
  return { mesh, send, address: ATTACKER, token, tls, own, foreign: innocent.promptId }
}

/** Plays one, and says what came of it. Answers whether it did no harm. */
async function play(attack: Attack, target: Target, innocent: Innocent, measures: Gauges): Promise<boolean> {
  say(attack.name)
  await measures.read()
  await innocent.experience()
  const before = target.mesh.parts.map((part) => part.pid())
  const harm: string[] = []
  const outcome = await repeat(attack, target).catch((error: unknown) => {
    harm.push((error as Error).message)
    return undefined
  })
  const { times, failures } = await innocent.experience()
  const { pauseMs, memoryMiB, isAlive } = await measures.read()
  if (!isAlive || target.mesh.parts.some((part, i) => part.pid() !== before[i])) harm.push('a service has ended')
  const p99 = percentile(times, 0.99)
  if (!attack.isFault) {
    if (failures.length > 0)
      harm.push(`${failures.length} failures of the innocent: ${[...new Set(failures)].join(', ')}`)
    if (p99 > MAX_P99_MS) harm.push('the innocent waited')
    if (pauseMs > MAX_PAUSE_MS) harm.push('a service did nothing else')
  }
  const sign = harm.length === 0 ? '✓' : '✗'
  const measured = `innocent p99 ${p99.toFixed(0)} ms of ${times.length}; greatest pause ${pauseMs.toFixed(0)} ms; greatest memory ${memoryMiB.toFixed(0)} MiB`
  process.stdout.write(
    `${sign} ${attack.name}\n    ${[outcome, ...harm].filter(Boolean).join('; ')}\n    ${measured}\n`,
  )
  await until('the innocent to be served again', () => isServed(innocent), RECOVERY_MS)
  return harm.length === 0
}

/** Plays one for some seconds, so that many requests of the innocent fall into it. Says what came of it the first time. */
async function repeat({ run }: Attack, target: Target): Promise<string> {
  const end = performance.now() + PLAY_MS
  const outcome = await run(target)
  while (performance.now() < end) await run(target)
  return outcome
}

async function isServed(innocent: Innocent): Promise<boolean> {
  await sleep(1000)
  const { times, failures } = await innocent.experience()
  return times.length > 0 && failures.length === 0
}

function percentile(times: number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? Infinity
}
