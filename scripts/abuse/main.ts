// `npm run abuse`: plays attacks and silent networks against PromptForge as the README says to run it in production, while somebody
// innocent works, and prints what came of each. Ends with 1 when one did harm.
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '#chassis/testing/until.ts'
import { interruptible } from '../processes/interruptible.ts'
import { type Mesh, openMesh } from '../processes/mesh.ts'
import { readPems } from '../processes/pems.ts'
import { say } from '../processes/say.ts'
import { type Attack, ATTACKS, type Target } from './attacks.ts'
import { sender } from './http.ts'
import { type Gauges, watchGauges } from './gauges.ts'
import { type Experience, type Innocent, register, startInnocent } from './innocent.ts'

/** Where the attacker's requests come from, and the innocent's. */
const ATTACKER = '127.0.0.66'
const INNOCENT = '127.0.0.1'

/**
 * Milliseconds that nearly every request of the innocent is answered in, and for which a service may do one thing only: beyond what a
 * thread that only waits has waited for a core of this machine meanwhile.
 */
const MAX_P99_MS = 100
const MAX_PAUSE_MS = 50

/** Requests of the innocent that an attack is repeated for: of fewer, the 99th percentile would be the slowest. And milliseconds at most. */
const REQUESTS = 300
const PLAY_MS = 60_000

/** Milliseconds from one repetition to the next: an address may send 300 requests a second, and more would only be told so. */
const REPEAT_MS = 1000

/** Milliseconds that everything may take to be itself again after an attack. */
const RECOVERY_MS = 30_000

await interruptible(async (signal) => {
  process.exitCode = (await abuse(signal)) ? 0 : 1
})
// An attack that was interrupted goes on until it notices that nobody is there any more.
if (process.exitCode === 130) process.exit()

async function abuse(interrupted: AbortSignal): Promise<boolean> {
  await using mesh = await openMesh('abuse', { rateLimitFactor: 1, say: (step) => say(`ready: ${step}`) })
  const { port } = mesh.gateway
  using send = sender(port, ATTACKER)
  await using innocent = await startInnocent({ port, address: INNOCENT })
  // The attacker, who would be on another machine, leaves this one to those who are attacked. The innocent's thread has begun already.
  setPriority(constants.priority.PRIORITY_LOW)
  const target = { ...(await prepare(mesh, send, innocent)), port }
  await using measures = watchGauges(mesh.parts)
  let harmed = 0
  const playAll = async () => {
    for (const attack of ATTACKS) harmed += (await play(attack, target, innocent, measures)) ? 0 : 1
  }
  interrupted.throwIfAborted()
  await Promise.race([playAll(), once(interrupted, 'abort')])
  interrupted.throwIfAborted()
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
  const met: Experience = { times: [], failures: [], waitedMs: 0 }
  let outcome: string | undefined
  const end = performance.now() + PLAY_MS
  do {
    const begun = performance.now()
    try {
      const outcomeNow = await attack.run(target)
      outcome ??= outcomeNow
    } catch (error) {
      harm.push((error as Error).message)
    }
    await sleep(Math.max(0, begun + REPEAT_MS - performance.now()))
    const { times, failures, waitedMs } = await innocent.experience()
    met.times.push(...times)
    met.failures.push(...failures)
    met.waitedMs = Math.max(met.waitedMs, waitedMs)
  } while (!attack.isFault && harm.length === 0 && met.times.length < REQUESTS && performance.now() < end)
  const { pauseMs, memoryMiB, isAlive } = await measures.read()
  if (!isAlive || target.mesh.parts.some((part, i) => part.pid() !== before[i])) harm.push('a service has ended')
  const p99 = percentile(met.times, 0.99)
  if (!attack.isFault) {
    if (met.failures.length > 0)
      harm.push(`${met.failures.length} failures of the innocent: ${[...new Set(met.failures)].join(', ')}`)
    if (p99 > MAX_P99_MS) harm.push('the innocent waited')
    if (pauseMs - met.waitedMs > MAX_PAUSE_MS) harm.push('a service did nothing else')
  }
  const sign = harm.length === 0 ? '✓' : '✗'
  const ms = (value: number) => `${value.toFixed(0)} ms`
  const measured = [
    `innocent p99 ${ms(p99)} of ${met.times.length}`,
    `greatest pause ${ms(pauseMs)}, of a thread that only waits ${ms(met.waitedMs)}`,
    `greatest memory ${memoryMiB.toFixed(0)} MiB`,
  ]
  process.stdout.write(
    `${sign} ${attack.name}\n    ${[outcome, ...harm].filter(Boolean).join('; ')}\n    ${measured.join('; ')}\n`,
  )
  await until('the innocent to be served again', () => isServed(innocent), RECOVERY_MS)
  return harm.length === 0
}

async function isServed(innocent: Innocent): Promise<boolean> {
  await sleep(1000)
  const { times, failures } = await innocent.experience()
  return times.length > 0 && failures.length === 0
}

function percentile(times: number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? Infinity
}
