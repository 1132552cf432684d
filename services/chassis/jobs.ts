import { type Cause, jobCause } from './cause.ts'
import type { Lead } from './leader.ts'
import type { Logger } from './logger.ts'
import { pause } from './pause.ts'

/** Work that a service does by itself, again and again. */
export type Job = {
  name: string
  /** Where it runs when the service has several replicas. A job of one replica may still run on two for a moment: see `Lead`. */
  on: 'every replica' | 'one replica'
  /** Milliseconds from the end of one run to the beginning of the next. */
  everyMs: number
  /** One run, which is a cause of its own. What it throws is logged, and the next run comes all the same. */
  run(signal: AbortSignal, cause: Cause): Promise<unknown>
}

/** Starts jobs; each runs at once and then at its pace. Returns how to end them: after their present run. */
export function startJobs(jobs: Job[], lead: Lead, log: Logger): () => Promise<void> {
  const stopping = new AbortController()
  const repeat = async ({ name, everyMs, run }: Job, signal: AbortSignal) => {
    while (!signal.aborted) {
      const cause = jobCause(name)
      await Promise.try(run, signal, cause).catch((err: unknown) => {
        log.error({ job: name, requestId: cause.requestId, err }, 'job failed')
      })
      await pause(everyMs, signal)
    }
  }
  const repeatAll = (on: Job['on']) => (signal: AbortSignal) =>
    Promise.all(jobs.filter((job) => job.on === on).map((job) => repeat(job, signal)))
  const running: Promise<unknown>[] = [repeatAll('every replica')(stopping.signal)]
  if (jobs.some(({ on }) => on === 'one replica')) running.push(lead('jobs', stopping.signal, repeatAll('one replica')))
  return async () => {
    stopping.abort()
    await Promise.all(running)
  }
}
