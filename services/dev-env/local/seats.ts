/** Seats for those who use something at once, and a queue before them. */
export type Seats<S> = {
  /** Undefined: the queue is full, the caller's turn did not come in time, or `signal` was aborted. */
  take(signal: AbortSignal): Promise<S | undefined>
  /** Gives a seat back. */
  give(seat: S): void
}

/** So many may wait at most, each for so many milliseconds. */
export function createSeats<S>(
  seats: readonly S[],
  { waiting, waitMs }: { waiting: number; waitMs: number },
): Seats<S> {
  const free = [...seats]
  const queue = new Set<(seat: S) => void>()
  return {
    take: async (signal) => {
      if (signal.aborted) return undefined
      if (free.length > 0) return free.pop()
      if (queue.size >= waiting) return undefined
      const { promise, resolve } = Promise.withResolvers<S | undefined>()
      queue.add(resolve)
      const leave = () => {
        queue.delete(resolve)
        resolve(undefined)
      }
      const timer = setTimeout(leave, waitMs)
      signal.addEventListener('abort', leave, { once: true })
      return promise.finally(() => {
        clearTimeout(timer)
        signal.removeEventListener('abort', leave)
      })
    },
    give: (seat) => {
      const [next] = queue
      if (!next) return void free.push(seat)
      queue.delete(next)
      next(seat)
    },
  }
}
