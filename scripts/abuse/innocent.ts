import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Send } from './http.ts'

/**
 * What an innocent caller has met: milliseconds of each answer, answers that were none of the right ones, and the most milliseconds
 * for which their thread, which does next to nothing, had to wait for a core.
 */
export type Experience = { times: number[]; failures: string[]; waitedMs: number }

/** Somebody who reads and writes a prompt of their own, at another address than the attacker's and in a thread of their own. */
export type Innocent = AsyncDisposable & {
  promptId: string
  /** What they met since this was asked last. */
  experience(): Promise<Experience>
}

/** Where the worker works. */
export type Work = { port: number; address: string }

/** Registers them, and has them work until they are disposed of. */
export async function startInnocent(work: Work): Promise<Innocent> {
  const worker = new Worker(new URL('innocent-worker.ts', import.meta.url), { workerData: work })
  const next = async <T>() => ((await once(worker, 'message')) as [T])[0]
  const promptId = await next<string>()
  return {
    promptId,
    experience: () => {
      const met = next<Experience>()
      worker.postMessage('experience')
      return met
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  }
}

export const PASSWORD = 'correct horse battery'

/** Makes an account, and answers with its token. */
export async function register(send: Send, username: string): Promise<string> {
  const body = { username, email: `${username}@abuse.test`, password: PASSWORD }
  const { status, body: answer } = await send('POST', '/v1/auth/register', { body })
  if (status !== 200) throw new Error(`${username} cannot register: ${status} ${JSON.stringify(answer)}`)
  return answer.tokens.accessToken
}
