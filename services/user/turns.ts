import { cancelled, exhausted } from '#chassis/errors.ts'

/** Lets a bounded number of tasks run at once, a bounded number wait, and refuses what is beyond. */
export type Turns = {
  /** Throws OVERLOADED when nobody more may wait. */
  checkRoom(): void
  /** Runs a task when it is its turn, first come first served. Throws OVERLOADED, or CANCELLED when `signal` aborts before. */
  take<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>
}

/** Milliseconds after which whoever was refused should come again. */
const RETRY_MS = 1000

/** Makes Turns: `parallel` tasks run at once, `waiting` wait. */
export function createTurns(parallel: number, waiting: number): Turns {
  const queue: (() => void)[] = []
  let running = 0
  const checkRoom = () => {
    if (running >= parallel && queue.length >= waiting) {
      throw exhausted('OVERLOADED', 'too many passwords are being checked at the moment', RETRY_MS)
    }
  }
  const turn = async () => {
    if (running < parallel) running++
    // Whoever leaves hands its place over, so `running` stays.
    else await new Promise<void>((resolve) => queue.push(resolve))
  }
  const leave = () => {
    const next = queue.shift()
    if (next) next()
    else running--
  }
  return {
    checkRoom,
    take: async (task, signal) => {
      checkRoom()
      await turn()
      try {
        if (signal.aborted) throw cancelled()
        return await task()
      } finally {
        leave()
      }
    },
  }
}
