import { cancelled, exhausted } from './errors.ts'

/** Runs a bounded number of tasks at once, lets a bounded number wait, and refuses the rest. */
export type Semaphore = {
  /**
   * Runs a task when it is its turn. Those who wait are served in rotation, a task of each `owner` at a time, and each owner's in the
   * order in which they came: one who sends many waits longer, and nobody else does. Throws OVERLOADED, or CANCELLED when `signal`
   * is aborted before.
   */
  run<T>(owner: string, task: () => Promise<T>, signal: AbortSignal): Promise<T>
}

/** Milliseconds after which a refused caller should try again. */
const RETRY_MS = 1000

type Waiter = { begin(): void; refuse(reason: unknown): void }

/**
 * Makes a semaphore: `parallel` tasks run at once, `waiting` wait. When all places are taken, the owner with the most gives up the last
 * of them to one who has fewer. `what` is of what there are too many then, `passwords being checked`.
 */
export function createSemaphore(parallel: number, waiting: number, what: string): Semaphore {
  const queues = createQueues(() => exhausted('OVERLOADED', `too many ${what} at the moment`, RETRY_MS))
  let running = 0
  const acquire = async (owner: string) => {
    if (running < parallel) {
      running++
      return
    }
    if (queues.size() >= waiting) queues.makeRoom(owner)
    // A finished task passes its slot to the next one, so `running` stays the same.
    await new Promise<void>((begin, refuse) => queues.add(owner, { begin, refuse }))
  }
  const release = () => {
    const next = queues.next()
    if (next) next.begin()
    else running--
  }
  return {
    run: async (owner, task, signal) => {
      await acquire(owner)
      try {
        if (signal.aborted) throw cancelled()
        return await task()
      } finally {
        release()
      }
    },
  }
}

/** A queue for each owner that has somebody waiting, in the order of their turns. */
function createQueues(overloaded: () => Error) {
  const queues = new Map<string, Waiter[]>()
  let size = 0
  const remove = (owner: string, queue: Waiter[], waiter: Waiter | undefined) => {
    if (queue.length === 0) queues.delete(owner)
    size--
    return waiter!
  }
  return {
    size: () => size,
    add: (owner: string, waiter: Waiter) => {
      const queue = queues.get(owner)
      if (queue) queue.push(waiter)
      else queues.set(owner, [waiter])
      size++
    },
    /** Takes out who is next; this owner's turn comes again after all others'. */
    next: () => {
      const [first] = queues
      if (!first) return undefined
      const [owner, queue] = first
      queues.delete(owner)
      queues.set(owner, queue)
      return remove(owner, queue, queue.shift())
    },
    /** Refuses the last one of the owner with the most. Throws OVERLOADED when `owner` would then have as many. */
    makeRoom: (owner: string) => {
      const [longest, queue] = [...queues].reduce((most, one) => (one[1].length > most[1].length ? one : most))
      if (queue.length <= (queues.get(owner)?.length ?? 0) + 1) throw overloaded()
      remove(longest, queue, queue.pop()).refuse(overloaded())
    },
  }
}
