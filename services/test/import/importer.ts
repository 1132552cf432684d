import { createThreads } from '#chassis/threads.ts'
import type { Task } from './import-worker.ts'
import type { Imported } from './read-cases.ts'

/** Files that wait for a thread. */
const MAX_WAITING = 32

/** MiB of a thread: many times what a file of 1 MiB takes. */
const MEMORY_MIB = 256

/** Reads files of cases in threads of its own, for the longest take a second. */
export type Importer = AsyncDisposable & {
  /** As `readCases`. Throws RESOURCE_EXHAUSTED while too many wait, and ends when `signal` is aborted. Owners take turns. */
  read(task: Task, options: { owner: string; signal: AbortSignal }): Promise<Imported>
}

/** Makes one. Its threads begin when they are needed. */
export function createImporter(): Importer {
  const threads = createThreads<Task, Imported>({
    module: new URL('./import-worker.ts', import.meta.url),
    name: 'read',
    what: 'suites being imported',
    maxWaiting: MAX_WAITING,
    memoryMib: MEMORY_MIB,
  })
  return {
    read: (task, options) => threads.run(task, options),
    [Symbol.asyncDispose]: () => threads.close(),
  }
}
