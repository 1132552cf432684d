import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Waits for a condition: asks again every 20 ms until `probe` answers something truthy, and answers with that. What it throws
 * counts as not yet. Throws after `timeoutMs` with what was waited for: by default far more than anything takes, so that on a loaded machine
 * only what never comes fails.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T> | T,
  timeoutMs = 90_000,
): Promise<Exclude<T, false | undefined | null>> {
  const end = Date.now() + timeoutMs
  let last: unknown
  while (Date.now() < end) {
    try {
      const answer = await probe()
      if (answer) return answer as Exclude<T, false | undefined | null>
    } catch (error) {
      last = error
    }
    await sleep(20)
  }
  throw new Error(`${what} did not happen within ${timeoutMs} ms`, { cause: last })
}
