import type { Logger } from './logger.ts'
import { watchOutage } from './outage.ts'
import { pause } from './pause.ts'

/** Milliseconds between two attempts to lead. */
const RETRY_MS = 1000

/** A lock that one replica has. */
export type Lock = {
  /** Aborted when the lock is lost before it has been released. */
  lost: AbortSignal
  release(): Promise<void>
}

/** Takes the lock with this name. Answers undefined while another replica has it. */
export type TakeLock = (name: string) => Promise<Lock | undefined>

/**
 * Runs `work` on one of several replicas: on the one that has the lock `name`. The others try once a second to take it, as this one
 * does again when it has lost it. Resolves when `signal` is aborted and `work` has ended. `work` gets a signal of its own, which is
 * also aborted when the lock is lost: for a moment two replicas may work then, so what must not happen twice needs a lock in its
 * own transaction.
 */
export type Lead = (name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<unknown>) => Promise<void>

/** Makes the leader election of a service, on the locks of its database. */
export const createLead =
  (take: TakeLock, log: Logger): Lead =>
  async (name, signal, work) => {
    const outage = watchOutage()
    while (!signal.aborted) {
      try {
        const lock = await take(name)
        if (lock) await workUnder(lock, signal, work)
        outage.worked()
      } catch (err) {
        outage.failed(() => log.warn({ lock: name, err }, 'cannot take the lock that elects a leader: trying again'))
      }
      await pause(RETRY_MS, signal)
    }
  }

async function workUnder(
  { lost, release }: Lock,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<unknown>,
) {
  const leading = AbortSignal.any([signal, lost])
  try {
    // The signal may have been aborted while the lock was taken.
    if (!leading.aborted) await work(leading)
  } finally {
    await release()
  }
}
