import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import { mayCallAnybody, podOf } from './pods.ts'

/** What the load says of itself. */
type Report = {
  promptId: string
  counts: Record<string, { calls: number; failed: number }>
  /** Milliseconds of the slowest call. */
  slowest: number
  /** The last calls that failed, with their times. */
  failures: string[]
}

/** People who call the gateway without a pause. */
export type Load = {
  /** Does `work` while they call, and until they have called `more` times more after it. Throws when one of their calls has failed. */
  during(work: () => Promise<unknown>, more?: number): Promise<string>
}

/** How many calls after a step must succeed. */
const CALLS_AFTER = 150

/** Milliseconds until as many calls must have been made. */
const PATIENCE_MS = 180_000

/** Starts them, and waits until they call. */
export async function startLoad(cluster: Cluster): Promise<Load> {
  await cluster.apply(mayCallAnybody('load'), ...podOf('load.ts', { GATEWAY: 'gateway:80' }))
  await cluster.kubectl('wait', 'pod/load', '--for=condition=Ready', '--timeout=300s')
  const read = () => readReport(cluster)
  await untilCalls(read, 1)
  return {
    during: async (work, more = CALLS_AFTER) => {
      const before = await read()
      const begin = Date.now()
      await work()
      const seconds = Math.round((Date.now() - begin) / 1000)
      const after = await untilCalls(read, callsOf(await read()) + more)
      const failed = failedOf(after) - failedOf(before)
      const calls = callsOf(after) - callsOf(before)
      if (failed > 0) {
        throw new Error(
          `${failed} of ${calls} calls failed:\n${after.failures.slice(-Math.min(failed, 12)).join('\n')}`,
        )
      }
      return `${seconds} s; ${calls} calls, none failed`
    },
  }
}

async function untilCalls(read: () => Promise<Report>, wanted: number): Promise<Report> {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const report = await read().catch(() => undefined)
    if (report && callsOf(report) >= wanted) return report
    if (Date.now() > end) throw new Error(`the load has stopped: ${report ? callsOf(report) : 'no'} calls so far`)
    await sleep(1000)
  }
}

async function readReport({ kubectl }: Cluster): Promise<Report> {
  const said = await kubectl('logs', 'load', '--tail=1')
  if (!said.startsWith('{')) throw new Error(`the load says:\n${await kubectl('logs', 'load', '--tail=15')}`)
  return JSON.parse(said) as Report
}

const callsOf = ({ counts }: Report) => Object.values(counts).reduce((sum, { calls }) => sum + calls, 0)
const failedOf = ({ counts }: Report) => Object.values(counts).reduce((sum, { failed }) => sum + failed, 0)
