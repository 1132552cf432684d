import { LRUCache } from 'lru-cache'
import { type AppError, exhausted } from '#chassis/errors.ts'
import { networkOf } from '#chassis/network.ts'

/** Keys of no licence that a network may send within WINDOW_MS. */
export const MAX_MISSES = 20

/** Milliseconds for which such a key counts. */
const WINDOW_MS = 60_000

/** Networks that are remembered; the one that has been heard of least recently is forgotten first. */
const NETWORKS = 10_000

/** Counts, in this process, the keys of no licence that came from each network. */
export type LicenseMisses = {
  /** Throws RESOURCE_EXHAUSTED when too many came from the network of this address within the last minute. */
  check(address: string): void
  /** Counts one. */
  add(address: string): void
}

/** Makes it. `now` is the time, milliseconds. */
export function createLicenseMisses(now: () => number = Date.now): LicenseMisses {
  // The times of the last misses of a network, at most MAX_MISSES, the oldest first.
  const networks = new LRUCache<string, number[]>({ max: NETWORKS })
  return {
    check: (address) => {
      const times = networks.get(networkOf(address)) ?? []
      const waitMs = times.length < MAX_MISSES ? 0 : times[0]! + WINDOW_MS - now()
      if (waitMs > 0) throw tooManyMisses(waitMs)
    },
    add: (address) => {
      const network = networkOf(address)
      networks.set(network, [...(networks.get(network) ?? []), now()].slice(-MAX_MISSES))
    },
  }
}

const tooManyMisses = (waitMs: number): AppError =>
  exhausted('RATE_LIMITED', 'too many keys from this address were of no licence: wait before the next one', waitMs)
