import { cancelled, exhausted } from './errors.ts'

/** Runs a bounded number of tasks at once, lets a bounded number wait, and refuses the rest. */
export type Semaphore = {
  /**
   * Runs a task when it is its turn. Those who wait are served in rotation, a task of each `owner` at a time, and each owner's in the
   * order in which they came: one who sends many waits longer, and nobody else does. Throws OVERLOADED; and CANCELLED as soon as `signal`
   * is aborted before, which gives the place among those who wait to others.
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
  const acquire = async (owner: string, signal: AbortSignal) => {
    if (signal.aborted) throw cancelled()
    if (running < parallel) {
      running++
      return
    }
    if (queues.size() >= waiting) queues.makeRoom(owner)
    // A finished task passes its slot to the next one, so `running` stays the same.
    const { promise, resolve: begin, reject: refuse } = Promise.withResolvers<void>()
    const waiter = { begin, refuse }
    queues.add(owner, waiter)
    const leave = () => {
      if (queues.takeOut(owner, waiter)) refuse(cancelled())
    }
    signal.addEventListener('abort', leave, { once: true })
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }
  const release = () => {
    const next = queues.next()
    if (next) next.begin()
    else running--
  }
  return {
    run: async (owner, task, signal) => {
      await acquire(owner, signal)
      try {
        // Aborted between its turn and now.
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
    /** Takes out one who does not wait any longer. False: it was their turn, or they were refused. */
    takeOut: (owner: string, waiter: Waiter) => {
      const queue = queues.get(owner) ?? []
      const at = queue.indexOf(waiter)
      if (at !== -1) remove(owner, queue, queue.splice(at, 1)[0])
      return at !== -1
    },
    /** Refuses the last one of the owner with the most. Throws OVERLOADED when `owner` would then have as many. */
    makeRoom: (owner: string) => {
      const [longest, queue] = [...queues].reduce((most, one) => (one[1].length > most[1].length ? one : most))
      if (queue.length <= (queues.get(owner)?.length ?? 0) + 1) throw overloaded()
      remove(longest, queue, queue.pop()).refuse(overloaded())
    },
  }
}
