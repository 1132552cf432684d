import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Job, Outcome } from './job.ts'

/** The load tool, running. */
export type LoadTool = AsyncDisposable & {
  /** Does a job. Rejects when it cannot be begun, when the tool ends, or when the signal is aborted. */
  run(job: Job): Promise<Outcome>
}

type Answer = { outcome: Outcome } | { problem: string }

/** Starts the load tool. It ends with this process, and when `signal` is aborted a job is given up. */
export function startLoadTool(signal: AbortSignal): LoadTool {
  const child = fork(join(import.meta.dirname, 'main.ts'), { serialization: 'advanced' })
  const ended = once(child, 'exit')
  return {
    run: async (job) => {
      signal.throwIfAborted()
      child.send(job)
      const answered = once(child, 'message', { signal }) as Promise<[Answer]>
      const died = ended.then(() => Promise.reject(new Error('the load tool has ended')))
      const [answer] = await Promise.race([answered, died])
      if ('problem' in answer) throw new Error(`no load on port ${job.port}: ${answer.problem}`)
      return answer.outcome
    },
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
