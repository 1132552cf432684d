import { EventEmitter, once } from 'node:events'

/** Calls that may wait at once. */
const MAX_WAITING_CALLS = 256

/** Milliseconds that a call waits at the most. */
const WAIT_MS = 1000

/** Milliseconds between two looks, for what arrives at another replica. */
const POLL_MS = 200

/** Where calls wait for a version that was written, but has not arrived here. */
export type Arrivals = {
  /** A version has been stored. */
  notify(promptId: string, version: number): void
  /**
   * Looks again and again, and at once when the version is stored here, until there is something. Answers undefined when there is nothing
   * after a second, when the caller has gone (`signal`), and at once when too many wait.
   */
  wait<T>(
    version: { promptId: string; version: number },
    look: () => Promise<T | undefined>,
    signal: AbortSignal,
  ): Promise<T | undefined>
}

/** Makes the arrivals of one process. */
export function createArrivals(): Arrivals {
  const arrived = new EventEmitter().setMaxListeners(0)
  let waiting = 0
  return {
    notify: (promptId, version) => void arrived.emit(`${promptId}/${version}`),
    wait: async ({ promptId, version }, look, signal) => {
      if (waiting >= MAX_WAITING_CALLS) return undefined
      waiting += 1
      try {
        const over = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)])
        while (!over.aborted) {
          const poll = AbortSignal.any([over, AbortSignal.timeout(POLL_MS)])
          await once(arrived, `${promptId}/${version}`, { signal: poll }).catch(() => undefined)
          if (signal.aborted) break
          const found = await look()
          if (found) return found
        }
        return undefined
      } finally {
        waiting -= 1
      }
    },
  }
}
