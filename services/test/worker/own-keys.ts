import { LRUCache } from 'lru-cache'
import { jobCause } from '#chassis/cause.ts'
import type { Sql } from '#chassis/db/statements.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import { deferTest, keyOfWaiting, wakeDeferred } from '../db/provider-keys.ts'
import { createLanes, type Place } from './lanes.ts'

/** Calls with own keys that a replica makes at once. Those with one key are limited as those of a lane are. */
export const OWN_KEYS_CALLS = 64

/** Keys of which a replica remembers how many calls their provider takes. */
const REMEMBERED = 1000

/** Milliseconds for which a test waits at least when there is no room among the calls with its key; less when one of them ends before. */
const FULL_MS = 1000

/** How many calls each of the users' own keys is given at once by this replica, so that a key that is throttled slows its own tests only. */
export function createOwnKeys(sql: Sql, now: () => number = () => performance.now()) {
  const limits = createLanes(now, new LRUCache({ max: REMEMBERED }))
  const running = new Map<string, number>()
  const runningOf = (keyId: string) => running.get(keyId) ?? 0
  const room = (keyId: string) => limits.limit(keyId) - runningOf(keyId)
  const count = (keyId: string, more: 1 | -1) => {
    const calls = runningOf(keyId) + more
    if (calls > 0) running.set(keyId, calls)
    else running.delete(keyId)
  }
  return {
    /** Takes a place among the calls with the key of a test. Undefined: there is none, and the test waits; or it is not to be run any more. */
    enter: async (testId: string): Promise<Place | undefined> => {
      const [waiting] = await sql(keyOfWaiting, { id: testId })
      if (!waiting) return undefined
      const { key_id: keyId } = waiting
      if (room(keyId) <= 0) {
        await sql(deferTest, { id: testId, waitMs: Math.max(FULL_MS, limits.pausedMs(keyId)) })
        return undefined
      }
      count(keyId, 1)
      return {
        note: (outcome) => limits.note(keyId, outcome),
        leave: async () => {
          count(keyId, -1)
          if (room(keyId) > 0)
            await sql(wakeDeferred, { keyId, room: room(keyId), ...eventValues(jobCause('run test')) })
        },
      }
    },
  }
}
