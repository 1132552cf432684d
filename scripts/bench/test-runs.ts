import { join } from 'node:path'
import type { Client as PgClient } from 'pg'
import { Pool } from 'pg'
import { until } from '#chassis/testing/until.ts'
import { TestServiceService } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import { DEPLOY } from '../../services/broker/broker.ts'
import { onDatabase } from '../processes/on-database.ts'
import { holdRelay } from '../processes/outbox.ts'
import { cpuMicros } from '../processes/usage.ts'
import { addBareLane, LOOP_LANE, openTestLoop } from './bare/test-loop.ts'
import { TEXT, VALUES } from './bare/versions.ts'
import { type Data, rpcRequest } from './cells.ts'
import type { LoadTool } from './load/client.ts'
import { median } from './measure.ts'
import type { BenchSite } from './site.ts'
import type { SpineResult } from './table.ts'
import { CONCURRENCY, inTurns, runRequest } from './test-requests.ts'
import { memoryOfWatchers, timeToWatcher } from './test-watchers.ts'

/** What the model may say of a prompt of a kilobyte while throughput is measured. */
const MAX_TOKENS = 8

/** The share of tests that must be admitted for a round to count. */
const LEAST_ADMITTED = 0.98

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

const requestsOf = ({ callers, promptIds }: Data, count: number) =>
  Array.from({ length: count }, (_, nth) =>
    rpcRequest(
      TestServiceService.runTest,
      runRequest(promptIds[nth % promptIds.length]!, 'echo', MAX_TOKENS),
      callers[nth % callers.length]!.token,
    ),
  )
