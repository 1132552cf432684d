/**
 * Waits for a promise, but no longer than until `signal` is aborted: then it throws the signal's reason, and what becomes of the
 * promise is ignored. With `ms` it also answers undefined when the promise takes longer. Nothing is left on the signal.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T>
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal, ms: number): Promise<T | undefined>
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal, ms?: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const abort = () => settle(() => reject(signal.reason as Error))
    const timer = ms === undefined ? undefined : setTimeout(() => settle(() => resolve(undefined)), ms)
    const settle = (how: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      how()
    }
    signal.addEventListener('abort', abort, { once: true })
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: Error) => settle(() => reject(error)),
    )
    if (signal.aborted) abort()
  })
}
