import { Piscina } from 'piscina'
import { exhausted } from '#chassis/errors.ts'
import type { Comparison } from './compare-texts.ts'
import type { Task } from './compare-worker.ts'

/** Threads, comparisons that wait for one, and milliseconds after which a thread that has nothing to do ends. */
const MAX_THREADS = 2
const MAX_WAITING = 32
const IDLE_MS = 30_000

/** MiB of a thread: many times what two contents of the longest take. */
const MEMORY_MIB = 128

/** Milliseconds after which a call that was refused may succeed. */
const RETRY_MS = 1000

/** Compares contents in threads of its own, for the longest take a tenth of a second. */
export type Comparer = {
  /** Throws RESOURCE_EXHAUSTED while too many wait, and ends when `signal` is aborted. */
  compare(task: Task, signal: AbortSignal): Promise<Comparison>
  /** Ends its threads, and what they do. */
  close(): Promise<void>
}

/** Makes one. Its threads begin when they are needed. */
export function createComparer(): Comparer {
  const pool = new Piscina<Task, Comparison>({
    filename: new URL('./compare-worker.ts', import.meta.url).href,
    name: 'compare',
    minThreads: 0,
    maxThreads: MAX_THREADS,
    maxQueue: MAX_WAITING,
    idleTimeout: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB },
  })
  return {
    compare: async (task, signal) => {
      if (pool.queueSize >= MAX_WAITING)
        throw exhausted('OVERLOADED', 'too many versions are being compared at the moment', RETRY_MS)
      return pool.run(task, { signal })
    },
    close: () => pool.destroy(),
  }
}
