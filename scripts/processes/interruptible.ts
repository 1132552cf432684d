import { inspect } from 'node:util'
import { endWithParent } from '../bootstrap/parent.mjs'
import { Stop } from '../bootstrap/step.mjs'
import { say } from './say.ts'

/**
 * Runs the work of a command until it ends, fails, or is interrupted by a signal or the end of its parent: then `say`, by which it shows its progress, throws. Sets
 * the exit code, 130 when it was interrupted, and says why; of a `Stop` the message alone.
 */
export async function interruptible(
  work: (signal: AbortSignal, say: (line: string) => void) => Promise<void>,
): Promise<void> {
  endWithParent()
  const interrupted = new AbortController()
  const { signal } = interrupted
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => interrupted.abort(new Error(`ended by ${name}`)))
  }
  try {
    await work(signal, (line) => {
      signal.throwIfAborted()
      say(line)
    })
  } catch (error) {
    process.stderr.write(
      `${signal.aborted ? signal.reason.message : error instanceof Stop ? error.message : inspect(error)}\n`,
    )
    process.exitCode = signal.aborted ? 130 : 1
  }
}
