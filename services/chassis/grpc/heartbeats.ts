import { unlessAborted } from './waiting.ts'

/** The gateway ends a stream that is silent for 120 seconds, and proxies on the way to a browser often end it sooner. */
const HEARTBEAT_MS = 15_000

/**
 * Yields what `source` yields, in its order and all of it, and a heartbeat whenever the source is silent for `everyMs`. Ends with the
 * source, and throws the signal's reason when `signal` is aborted: pass `call.signal`.
 */
export async function* withHeartbeats<T>(
  source: AsyncIterable<T>,
  makeHeartbeat: () => T,
  signal: AbortSignal,
  everyMs = HEARTBEAT_MS,
): AsyncGenerator<T, void, void> {
  const iterator = source[Symbol.asyncIterator]()
  let ended = false
  try {
    while (!ended) {
      const next = iterator.next()
      // It may fail while the consumer handles a heartbeat and nothing awaits it: the next await throws that error.
      next.catch(() => undefined)
      let result = await unlessAborted(next, signal, everyMs)
      while (!result) {
        yield makeHeartbeat()
        result = await unlessAborted(next, signal, everyMs)
      }
      if (result.done) ended = true
      else yield result.value
    }
  } finally {
    // Not awaited: a source that waits for something may end much later.
    if (!ended) iterator.return?.().catch(() => undefined)
  }
}
