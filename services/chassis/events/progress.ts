import type { Logger } from '../logger.ts'

/** Milliseconds between two lines of the log that say how far a command is. */
export const PROGRESS_MS = 5000

/** What says how far a command is, in the words `what`: called after each step, it writes a line every five seconds at the most. */
export function createProgress(log: Pick<Logger, 'info'>, what: string): (done: object) => void {
  let saidAt = performance.now()
  return (done) => {
    if (performance.now() - saidAt <= PROGRESS_MS) return
    log.info(done, what)
    saidAt = performance.now()
  }
}
