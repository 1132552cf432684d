/** What one loop puts in and others take out. */
export type Queue<T> = {
  push(item: T): void
  /** Takes up to `most` that together have at most `mostBytes`, or one that has more; waits until there is something. Nothing when the signal is aborted first. */
  take(most: number, mostBytes: number): Promise<T[]>
  /** Waits until there are fewer than `limit`, which have fewer than `limitBytes` together, or the signal is aborted. */
  waitForRoom(limit: number, limitBytes: number): Promise<void>
  /** Takes what is left. */
  drain(): T[]
}

/** Makes an empty one, of items whose size `bytesOf` tells. Its waiting ends when `signal` is aborted. */
export function createQueue<T>(signal: AbortSignal, bytesOf: (item: T) => number): Queue<T> {
  const items: T[] = []
  let bytes = 0
  let changed = Promise.withResolvers<void>()
  const change = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  signal.addEventListener('abort', change)
  const takeFirst = (most: number, mostBytes: number) => {
    let count = 0
    let taken = 0
    while (count < Math.min(most, items.length)) {
      const size = bytesOf(items[count]!)
      if (count > 0 && taken + size > mostBytes) break
      count += 1
      taken += size
    }
    bytes -= taken
    return items.splice(0, count)
  }
  return {
    push: (item) => {
      bytes += bytesOf(item)
      if (items.push(item) === 1) change()
    },
    take: async (most, mostBytes) => {
      while (items.length === 0 && !signal.aborted) await changed.promise
      const taken = signal.aborted ? [] : takeFirst(most, mostBytes)
      change()
      return taken
    },
    waitForRoom: async (limit, limitBytes) => {
      while ((items.length >= limit || bytes >= limitBytes) && !signal.aborted) await changed.promise
    },
    drain: () => items.splice(0),
  }
}
