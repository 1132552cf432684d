/** Attempts in a row that may find the same before the drain gives up: a minute, for attempts of ten seconds. */
const STILL = 6

/**
 * Waits as long as events arrive, however slowly: repeats `attempt`, which throws what still waits as its cause, and says so. Throws
 * when the same waits after several attempts.
 */
export async function drain(attempt: () => Promise<void>, say: (line: string) => void): Promise<void> {
  let last = ''
  for (let still = 0; ; still++) {
    try {
      return await attempt()
    } catch (error) {
      const { message } = ((error as Error).cause ?? error) as Error
      if (message !== last) still = 0
      if (still === STILL) throw new Error(`the events do not move: ${message}`, { cause: error })
      last = message
      say(`waiting: ${message}`)
    }
  }
}
