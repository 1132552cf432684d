import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type JsonAnswer, sendJson } from '#chassis/send-json.ts'
import type { Ledger } from './ledger.ts'

/** Milliseconds that an answer may take. */
const TIMEOUT_MS = 15_000

/** An answer; status 0 without one. */
export type Answer = JsonAnswer

/** Somebody who acts. */
export type Person = {
  id: string
  login: string
  token: string
  prompts: string[]
  tests: string[]
  suites: string[]
  /** Runs of suites, the oldest first. */
  runs: { suiteId: string; runId: string }[]
  /** Transactions that were completed. */
  bought: string[]
}

/** Sends a request. */
export type Send = (verb: string, path: string, person?: Person, body?: object) => Promise<Answer>

/** Sends the same with the same key until it is answered, and not only with that it cannot be done now. */
export async function insist(
  send: Send,
  path: string,
  person: Person,
  body: object,
  requestId: string = randomUUID(),
): Promise<Answer | undefined> {
  for (let tries = 0; tries < 40; tries++) {
    const answer = await send('POST', path, person, { ...body, requestId })
    const isOver = answer.status !== 0 && answer.status < 500 && answer.status !== 409
    if (isOver) return answer
    await sleep(250)
  }
  return undefined
}

/** Sends requests to the gateway, and counts how they are answered. */
export const sender =
  (url: string, { answers }: Ledger): Send =>
  async (verb, path, person, body) => {
    const answer = await sendJson(url, `${verb} ${path}`, { token: person?.token, body, timeoutMs: TIMEOUT_MS }).catch(
      (): Answer => ({
        status: 0,
        body: undefined,
      }),
    )
    const name = answer.status === 0 ? 'no answer' : String(answer.status)
    answers[name] = (answers[name] ?? 0) + 1
    return answer
  }
