import type { Logger } from './logger.ts'
import { pause } from './pause.ts'

/** Work that a service does by itself, again and again. */
export type Job = {
  name: string
  /** Milliseconds from the end of one run to the beginning of the next. */
  everyMs: number
  /** One run. What it throws is logged, and the next run comes all the same. */
  run(signal: AbortSignal): Promise<unknown>
}

/** Starts jobs; each runs at once and then at its pace. Returns how to end them: after their present run. */
export function startJobs(jobs: Job[], log: Logger): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  const loops = jobs.map(async ({ name, everyMs, run }) => {
    while (!signal.aborted) {
      await run(signal).catch((err: unknown) => log.error({ job: name, err }, 'job failed'))
      await pause(everyMs, signal)
    }
  })
  return async () => {
    stopping.abort()
    await Promise.all(loops)
  }
}
