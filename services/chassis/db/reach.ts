import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../logger.ts'
import { watchOutage } from '../outage.ts'

/** Why a store cannot be used, for the person who runs the service. It never has the password. */
export type StoreFault = {
  /** It does not answer, and may do so later. Otherwise the configuration, or the store's own, has to be corrected first. */
  isDown: boolean
  /** What is wrong, and what to do. */
  message: string
}

/** Milliseconds between two attempts. */
const RETRY_MS = 1000

/**
 * Connects to a store, and waits up to `waitMs` for one that is down, which it says once. Answers with what is wrong when it cannot be
 * used. `look` connects once.
 */
export async function reach(
  look: () => Promise<StoreFault | undefined>,
  log: Pick<Logger, 'warn'>,
  waitMs: number,
): Promise<StoreFault | undefined> {
  const end = Date.now() + waitMs
  const outage = watchOutage()
  for (;;) {
    const fault = await look()
    if (!fault?.isDown || Date.now() >= end) return fault
    outage.failed(() => log.warn(`${fault.message}. Waiting for it, up to ${Math.ceil(waitMs / 1000)} s`))
    await sleep(Math.min(RETRY_MS, Math.max(0, end - Date.now())))
  }
}

/** Tries a connection, and answers with what `explain` says about its failure. Throws a failure that it does not know. */
export async function faultOf(
  connect: () => Promise<unknown>,
  explain: (error: unknown) => StoreFault | undefined,
): Promise<StoreFault | undefined> {
  try {
    await connect()
    return undefined
  } catch (error) {
    const fault = explain(error)
    if (!fault) throw error
    return fault
  }
}
