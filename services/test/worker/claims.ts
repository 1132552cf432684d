import type { Sql } from '#chassis/db/statements.ts'
import type { Live } from '#chassis/events/live.ts'
import type { Logger } from '#chassis/logger.ts'
import { watchOutage } from '#chassis/outage.ts'
import { listCancelled, renewLeases } from '../db/leases.ts'
import { hearCancelled } from './cancelling.ts'

/** Milliseconds between two looks at which tests are to be cancelled, and of them how many until the leases are renewed. */
const LOOK_MS = 500
const LOOKS_OF_A_LEASE = 10

/** Milliseconds without a renewal after which a worker gives its tests up: its leases, of 15 s, are not over yet. */
const LOST_MS = 10_000

/** A test that a worker runs. Disposing of it ends the watch over it. */
export type Claim = Disposable & {
  /** Aborted when the test is to be cancelled, or is lost. */
  signal: AbortSignal
  /** Another worker may run it by now: what came of the call is not to be stored. */
  isLost(): boolean
}

type Held = { testId: string; workerId: string; ending: AbortController; renewedAt: number; isLost: boolean }

type Parts = { sql: Sql; live: Live; log: Logger }

/**
 * Watches over the tests that this replica runs: one statement at a time renews the leases of all of them, or finds those that are to be
 * cancelled. Of these it hears on NATS, too, and sooner.
 */
export function createClaims({ sql, live, log }: Parts, now: () => number = () => performance.now()) {
  // A test that was lost may be claimed anew before its lost call has ended.
  const held = new Set<Held>()
  const outage = watchOutage()
  let timer: NodeJS.Timeout | undefined
  let looks = 0
  let isLooking = false
  let deafen: (() => void) | undefined

  const lose = (claim: Held) => {
    claim.isLost = true
    claim.ending.abort()
  }
  const listen = () => {
    deafen ??= hearCancelled(live, (testId) => {
      for (const claim of held) if (claim.testId === testId) claim.ending.abort()
    })
  }
  const look = async () => {
    const isRenewal = ++looks % LOOKS_OF_A_LEASE === 0
    const asked = [...held]
    const params = { ids: asked.map(({ testId }) => testId), workerIds: asked.map(({ workerId }) => workerId) }
    const startedAt = now()
    const rows = new Map(
      (await sql(isRenewal ? renewLeases : listCancelled, params)).map((row) => [row.worker_id, row.is_cancelled]),
    )
    for (const claim of asked) {
      const isCancelled = rows.get(claim.workerId)
      if (isCancelled) claim.ending.abort()
      if (!isRenewal) continue
      if (isCancelled === undefined) lose(claim)
      else claim.renewedAt = startedAt
    }
  }
  const tick = async () => {
    for (const claim of held) if (now() - claim.renewedAt > LOST_MS) lose(claim)
    listen()
    if (isLooking) return
    isLooking = true
    try {
      await look()
      outage.worked()
    } catch (err) {
      // The next look is a renewal again, if this one was.
      looks -= 1
      outage.failed(() => log.warn({ err }, 'the leases of running tests cannot be renewed'))
    } finally {
      isLooking = false
    }
  }
  return {
    hold: (testId: string, workerId: string): Claim => {
      const claim: Held = { testId, workerId, ending: new AbortController(), renewedAt: now(), isLost: false }
      held.add(claim)
      listen()
      timer ??= setInterval(() => void tick(), LOOK_MS)
      return {
        signal: claim.ending.signal,
        isLost: () => claim.isLost,
        [Symbol.dispose]: () => {
          held.delete(claim)
          if (held.size > 0) return
          clearInterval(timer)
          timer = undefined
        },
      }
    },
    /** Gives all of them up, and hears of none any more. */
    loseAll: () => {
      deafen?.()
      for (const claim of held) lose(claim)
    },
  }
}
