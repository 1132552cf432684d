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

/**
 * Starts jobs; each runs at once and then at its pace. Throws when one of them runs on one replica and the database cannot elect that. Returns how to end them: after their present run.
 */
export function startJobs(jobs: Job[], lead: Lead | undefined, log: Logger): () => Promise<void> {
  const single = jobs.find(({ on }) => on === 'one replica')
  if (single && !lead)
    throw new Error(
      `the job '${single.name}' runs on one replica, which this database cannot elect: run it on every replica`,
    )
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
  if (single) running.push(lead!('jobs', stopping.signal, repeatAll('one replica')))
  return async () => {
    stopping.abort()
    await Promise.all(running)
  }
}
