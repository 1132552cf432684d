import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for the given milliseconds, or until `signal` is aborted; it never throws. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined)
