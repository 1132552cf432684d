import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client as PgClient } from 'pg'
import { Pool } from 'pg'
import { createStub, openChannel, type Stub } from '#chassis/grpc/client.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { until } from '#chassis/testing/until.ts'
import { loadContract } from '#contracts/contract.ts'
import {
  RunTestRequest,
  TestServiceService,
  WatchTestRequest,
} from '#contracts/gen/promptforge/test/v1/test_service.ts'
import { DEPLOY } from '../../services/broker/broker.ts'
import { MESH } from '../../services/dev-env/infra/authority.ts'
import { onDatabase } from '../processes/on-database.ts'
import { holdRelay } from '../processes/outbox.ts'
import { cpuMicros, residentMiB, watchMemory } from '../processes/usage.ts'
import { addBareLane, LOOP_LANE, openTestLoop } from './bare/test-loop.ts'
import { TEXT, VALUES } from './bare/versions.ts'
import { percentiles } from './catch-up.ts'
import { type Data, rpcRequest } from './cells.ts'
import type { LoadTool } from './load/client.ts'
import type { BenchSite } from './site.ts'
import type { SpineResult } from './table.ts'

/** Calls of RunTest at once. */
const CONCURRENCY = 32

/** What the model may say of a prompt of a kilobyte while throughput is measured. */
const MAX_TOKENS = 8

/** The share of tests that must be admitted for a round to count. */
const LEAST_ADMITTED = 0.98

/** Tests whose texts are watched while the time to the watcher is measured, and how many of them at once. */
const SAMPLES = 20
const AT_ONCE = 5

/** Tests and watchers whose memory is measured. */
const WATCHED = 200
const WATCHERS = 500
const WATCHED_TOKENS = 60

type TestBench = BenchSite & { load: LoadTool }
type Measured = (result: SpineResult) => void

/**
 * Measures tests on the sandbox: how many are run, beside a bare server and a bare loop; how long a token takes to a watcher; and how much memory
 * watchers take. Analytics does not hear of them meanwhile.
 */
export async function measureTests(
  site: TestBench,
  { ofRound, rounds }: { ofRound: number; rounds: number },
  measured: Measured,
): Promise<void> {
  await site.spine.halt()
  await allowAll(site)
  for (const result of await throughput(site, ofRound, rounds)) measured(result)
  measured(await timeToWatcher(site))
  measured(await memoryOfWatchers(site))
  await site.spine.run()
}

/** No budget is reached. */
async function allowAll({ databases, data }: BenchSite) {
  await onDatabase(
    databases.test,
    'insert into budgets (user_id, daily_limit_micros) select unnest($1::uuid[]), 1000000000000 on conflict do nothing',
    (await data()).callers.map(({ id }) => id),
  )
}

async function throughput(site: TestBench, ofRound: number, rounds: number): Promise<SpineResult[]> {
  // The first has the price stored, and begins with the fewest calls at once.
  const cold = await real(site, ofRound)
  await bareServer(site, ofRound)
  const rates: { real: Rate; server: Rate; loop: Pick<Rate, 'perSecond'> }[] = []
  for (let round = 0; round < rounds; round++) {
    const one = {
      real: await real(site, ofRound),
      server: await bareServer(site, ofRound),
      loop: await bareLoop(site, ofRound),
    }
    rates.push(one)
  }
  const row = (what: string, bare: 'server' | 'loop'): SpineResult => ({
    what,
    measured: `${median(rates.map((one) => one.real.perSecond)).toFixed(0)} tests/s`,
    bare: `${median(rates.map((one) => one[bare].perSecond)).toFixed(0)} tests/s`,
    ratio: median(rates.map((one) => one.real.perSecond / one[bare].perSecond)),
  })
  const cpu = (side: 'real' | 'server') => median(rates.map((one) => one[side].cpuMicros))
  return [
    row('RunTest to COMPLETED; bare: server, statements, publish, ack, call', 'server'),
    row('RunTest to COMPLETED; bare: the loop of these without a server', 'loop'),
    { what: 'RunTest to COMPLETED, the first after the start', measured: `${cold.perSecond.toFixed(0)} tests/s` },
    {
      what: 'RunTest to COMPLETED, processor time of the server',
      measured: `${cpu('real').toFixed(0)} µs`,
      bare: `${cpu('server').toFixed(0)} µs`,
      ratio: cpu('real') / cpu('server'),
    },
  ]
}

/** Tests a second, and microseconds of the server's processor time for one. */
type Rate = { perSecond: number; cpuMicros: number }

const real = (site: TestBench, count: number) => toEnd(site, site.test, count)

const bareServer = (site: TestBench, count: number) => withoutRelay(site, () => toEnd(site, site.bareTest, count))

/** Asks for so many tests and waits until all are completed. */
async function toEnd(
  { load, tls, data, databases }: TestBench,
  { pid, port }: BenchSite['test'],
  count: number,
): Promise<Rate> {
  const before = await completed(databases.test)
  const used = cpuMicros(pid)
  const begun = performance.now()
  const { errors } = await load.run({
    transport: 'grpc',
    port,
    tls,
    concurrency: CONCURRENCY,
    seconds: 0,
    requests: requestsOf(await data(), count),
    isOnce: true,
  })
  // On a machine that has much to do a call may not be answered in time.
  const admitted = count - Object.values(errors).reduce((sum, times) => sum + times, 0)
  if (admitted < count * LEAST_ADMITTED) throw new Error(`tests were refused: ${JSON.stringify(errors)}`)
  await untilCompleted(databases.test, before + admitted)
  const perSecond = (admitted / (performance.now() - begun)) * 1000
  return { perSecond, cpuMicros: (cpuMicros(pid) - used) / admitted }
}

/** The same tests by the loop alone, which has no server and asks nobody: tests a second. */
function bareLoop(site: TestBench, count: number): Promise<Pick<Rate, 'perSecond'>> {
  return withoutRelay(site, async () => {
    const { manager, databases, testEnv, data } = site
    await addBareLane(manager, LOOP_LANE)
    const pool = new Pool({ connectionString: databases.test, max: 10 })
    const env = { ...testEnv, PF_BENCH_DEPLOY: join(site.certificates, '../..', DEPLOY, 'current') }
    try {
      await using loop = await openTestLoop(pool, env, LOOP_LANE)
      const { callers, promptIds } = await data()
      const before = await completed(databases.test)
      const begun = performance.now()
      await inTurns(count, async (nth) => {
        const userId = callers[nth % callers.length]!.id
        const promptId = promptIds[nth % promptIds.length]!
        await loop.ask({ promptId, userId, version: 1, text: TEXT, values: VALUES, maxTokens: MAX_TOKENS })
      })
      await untilCompleted(databases.test, before + count)
      return { perSecond: (count / (performance.now() - begun)) * 1000 }
    } finally {
      await pool.end()
    }
  })
}

/** Nothing is relayed meanwhile: what is told of the bare tests is forgotten. */
async function withoutRelay<T>({ databases }: BenchSite, work: () => Promise<T>): Promise<T> {
  const lock: PgClient = await holdRelay(databases.test)
  try {
    const done = await work()
    await lock.query('truncate outbox')
    return done
  } finally {
    await lock.end()
  }
}

async function completed(url: string): Promise<number> {
  const text = `select count(*)::integer as count from prompt_tests where status = 'COMPLETED'`
  return (await onDatabase<{ count: number }>(url, text))[0]!.count
}

const untilCompleted = (url: string, count: number) =>
  until('the end of all tests', async () => (await completed(url)) >= count, 120_000)

const runRequest = (promptId: string, modelName: string, maxTokens?: number) =>
  RunTestRequest.fromPartial({
    promptId,
    which: { $case: 'version', value: 1 },
    values: VALUES,
    modelProvider: 'sandbox',
    modelName,
    maxTokens,
  })

const requestsOf = ({ callers, promptIds }: Data, count: number) =>
  Array.from({ length: count }, (_, nth) =>
    rpcRequest(
      TestServiceService.runTest,
      runRequest(promptIds[nth % promptIds.length]!, 'echo', MAX_TOKENS),
      callers[nth % callers.length]!.token,
    ),
  )

type Tests = Stub<typeof TestServiceService>

async function withStub<T>({ certificates, test }: BenchSite, work: (tests: Tests) => Promise<T>): Promise<T> {
  const mesh = openMesh({ certificates, ...MESH })
  const target = `dns:///localhost:${test.port}`
  const channel = openChannel({ contract: loadContract(), mesh, service: 'test', target })
  try {
    return await work(createStub(channel, TestServiceService))
  } finally {
    channel.close()
  }
}

/** From the sandbox's writing a token to the watcher's having it. Each token says when it was written. */
function timeToWatcher(site: TestBench): Promise<SpineResult> {
  return withStub(site, async (tests) => {
    const { callers, promptIds } = await site.data()
    const times: number[] = []
    const watch = async (nth: number) => {
      const { token } = callers[nth % callers.length]!
      const { test } = await tests.runTest(runRequest(promptIds[nth]!, 'clock-5'), { token })
      let openedAt = Infinity
      for await (const { kind } of tests.watchTest(WatchTestRequest.fromPartial({ testId: test!.testId }), { token })) {
        const now = Date.now()
        openedAt = Math.min(openedAt, now)
        if (kind?.$case !== 'event' || kind.value.what?.$case !== 'delta') continue
        const written = kind.value.what.value.text.trim().split(' ').map(Number)
        // What was said before the stream was open came as soon as it was.
        times.push(...written.filter((at) => at > openedAt).map((at) => now - at))
      }
    }
    for (let nth = 0; nth < SAMPLES; nth += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => watch(nth + more)))
    return { what: 'a token every 5 ms, from the model to the watcher', measured: percentiles(times) }
  })
}

/** How much more memory the service has while many watch many tests, a word of which comes every 50 ms. */
function memoryOfWatchers(site: TestBench): Promise<SpineResult> {
  return withStub(site, async (tests) => {
    const { callers, promptIds } = await site.data()
    await sleep(5000)
    const before = residentMiB(site.test.pid)
    const memory = watchMemory(site.test.pid)
    try {
      const asked: { token: string; testId: string }[] = []
      await inTurns(WATCHED, async (nth) => {
        const { token } = callers[nth % callers.length]!
        const { test } = await tests.runTest(runRequest(promptIds[nth]!, 'slow-50', WATCHED_TOKENS), { token })
        asked.push({ token, testId: test!.testId })
      })
      const watching: Promise<void>[] = []
      await inTurns(WATCHERS, async (nth) => {
        const { promise: opened, resolve } = Promise.withResolvers<void>()
        const watched = watchToEnd(tests, asked[nth % asked.length]!, resolve)
        watching.push(watched)
        await Promise.race([opened, watched])
      })
      await Promise.all(watching)
    } finally {
      memory.stop()
    }
    const most = memory.stop()
    const measured = `${(most - before).toFixed(0)} MiB more`
    return { what: `${WATCHED} tests with ${WATCHERS} watchers`, measured, memoryMiB: most }
  })
}

async function watchToEnd(tests: Tests, { token, testId }: { token: string; testId: string }, opened: () => void) {
  for await (const { kind } of tests.watchTest(WatchTestRequest.fromPartial({ testId }), { token })) {
    opened()
    if (kind?.$case === 'event' && kind.value.what?.$case === 'ended') return
  }
  throw new Error('a watcher has not seen the end')
}

/** Does so many things, a few at once. */
async function inTurns(count: number, work: (nth: number) => Promise<void>): Promise<void> {
  let next = 0
  const loop = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, loop))
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}
