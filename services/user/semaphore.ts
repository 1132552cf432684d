import { cancelled, exhausted } from '#chassis/errors.ts'

/** Runs a bounded number of tasks at once, lets a bounded number wait, and refuses the rest. */
export type Semaphore = {
  /** Throws OVERLOADED when the queue is full. */
  checkRoom(): void
  /** Runs a task when it is its turn, first come first served. Throws OVERLOADED, or CANCELLED when `signal` aborts before. */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>
}

/** Milliseconds after which a refused caller should try again. */
const RETRY_MS = 1000

/** Makes a semaphore: `parallel` tasks run at once, `waiting` wait. */
export function createSemaphore(parallel: number, waiting: number): Semaphore {
  const queue: (() => void)[] = []
  let running = 0
  const checkRoom = () => {
    if (running >= parallel && queue.length >= waiting) {
      throw exhausted('OVERLOADED', 'too many passwords are being checked at the moment', RETRY_MS)
    }
  }
  const acquire = async () => {
    if (running < parallel) running++
    // A finished task passes its slot to the next one, so `running` stays the same.
    else await new Promise<void>((resolve) => queue.push(resolve))
  }
  const release = () => {
    const next = queue.shift()
    if (next) next()
    else running--
  }
  return {
    checkRoom,
    run: async (task, signal) => {
      checkRoom()
      await acquire()
      try {
        if (signal.aborted) throw cancelled()
        return await task()
      } finally {
        release()
      }
    },
  }
}
