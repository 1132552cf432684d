import type { Transferable } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { createSemaphore } from './semaphore.ts'

/** Threads of a pool, and milliseconds after which one that has nothing to do ends. */
const MAX_THREADS = 2
const IDLE_MS = 30_000

/** Two threads for work that takes long or cannot be trusted to end. They begin when they are needed. */
export type Threads<Task, Answer> = {
  /**
   * Answers what the thread's function answers, when it is the turn of `owner`: owners take turns. While it runs, an abort of `signal`
   * ends its thread, and another takes its place. Throws OVERLOADED, what the function throws, and an error when the thread dies.
   */
  run(task: Task, options: RunOptions): Promise<Answer>
  /** Ends the threads, and what they do and were to do. */
  close(): Promise<void>
}

type RunOptions = {
  signal: AbortSignal
  /** Whoever is not to keep others waiting. Default: all are one. */
  owner?: string
  /** What goes over to the thread. */
  transfer?: Transferable[]
}

type PoolOptions = {
  /** The file that exports the function. */
  module: URL
  /** Its name. */
  name: string
  /** Of what there may be too many, `versions being compared`. */
  what: string
  /** Tasks that may wait for a thread. */
  maxWaiting: number
  /** MiB of a thread: one that needs more dies. */
  memoryMib: number
}

/** Makes a pool. */
export function createThreads<Task, Answer>({ module, name, what, ...limits }: PoolOptions): Threads<Task, Answer> {
  const pool = new Piscina<Task, Answer>({
    filename: module.href,
    name,
    minThreads: 0,
    maxThreads: MAX_THREADS,
    idleTimeout: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: limits.memoryMib },
  })
  // Of a thread that dies without a task, or after its task was given up. Unheard it would end the process.
  pool.on('error', () => undefined)
  // Tasks that wait in Piscina are forgotten when the last thread dies: it makes the next one when it is given a task.
  const places = createSemaphore(MAX_THREADS, limits.maxWaiting, what)
  let isClosed = false
  return {
    run: (task, { signal, owner = '', transfer }) =>
      places.run(
        owner,
        () => {
          if (isClosed) throw new Error(`the threads of ${module.pathname} are closed`)
          return pool.run(task, { signal, transferList: transfer })
        },
        signal,
      ),
    close: async () => {
      isClosed = true
      await pool.destroy()
    },
  }
}
