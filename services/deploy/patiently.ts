import { setTimeout as sleep } from 'node:timers/promises'

/** Does it again, every `pauseMs`, until it succeeds. Once `waitMs` are over, what it threw last is thrown. */
export async function patiently<T>(work: () => Promise<T>, waitMs: number, pauseMs = 500): Promise<T> {
  const end = Date.now() + waitMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (Date.now() >= end) throw error
      await sleep(Math.min(pauseMs, waitMs))
    }
  }
}
