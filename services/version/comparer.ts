import { createThreads } from '#chassis/threads.ts'
import type { Comparison } from './compare-texts.ts'
import type { Task } from './compare-worker.ts'

/** Comparisons that wait for a thread. */
const MAX_WAITING = 32

/** MiB of a thread: many times what two contents of the longest take. */
const MEMORY_MIB = 128

/** Compares contents in threads of its own, for the longest take a tenth of a second. */
export type Comparer = {
  /** Throws RESOURCE_EXHAUSTED while too many wait, and ends when `signal` is aborted. */
  compare(task: Task, signal: AbortSignal): Promise<Comparison>
  /** Ends its threads, and what they do. */
  close(): Promise<void>
}

/** Makes one. Its threads begin when they are needed. */
export function createComparer(): Comparer {
  const threads = createThreads<Task, Comparison>({
    module: new URL('./compare-worker.ts', import.meta.url),
    name: 'compare',
    what: 'versions being compared',
    maxWaiting: MAX_WAITING,
    memoryMib: MEMORY_MIB,
  })
  return {
    compare: (task, signal) => threads.run(task, { signal }),
    close: () => threads.close(),
  }
}
