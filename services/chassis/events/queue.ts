/** What one loop puts in and others take out. */
export type Queue<T> = {
  push(item: T): void
  /** Takes up to `most`, waiting until there is something; nothing when the signal is aborted first. */
  take(most: number): Promise<T[]>
  /** Waits until there are fewer than `limit`, or the signal is aborted. */
  waitForRoom(limit: number): Promise<void>
  /** Takes what is left. */
  drain(): T[]
}

/** Makes an empty one. Its waiting ends when `signal` is aborted. */
export function createQueue<T>(signal: AbortSignal): Queue<T> {
  const items: T[] = []
  let changed = Promise.withResolvers<void>()
  const change = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  signal.addEventListener('abort', change)
  return {
    push: (item) => {
      if (items.push(item) === 1) change()
    },
    take: async (most) => {
      while (items.length === 0 && !signal.aborted) await changed.promise
      const taken = signal.aborted ? [] : items.splice(0, most)
      change()
      return taken
    },
    waitForRoom: async (limit) => {
      while (items.length >= limit && !signal.aborted) await changed.promise
    },
    drain: () => items.splice(0),
  }
}
