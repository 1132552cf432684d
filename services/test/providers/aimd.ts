/** Calls at once: of a new lane, and the least and the most of any. */
const START = 4
const LEAST = 1
const MOST = 32

/** Milliseconds within which the limit is halved once: calls that run together are refused together. */
const HALVING_MS = 1000

/** How many calls a provider is given at once: more while it answers, half as many when it has too many. */
export type CallLimit = {
  limit(): number
  /** A call was answered. */
  succeeded(): void
  /** A call was refused because there were too many. */
  throttled(): void
}

/**
 * Additive increase, multiplicative decrease: it begins at 4, grows by one after as many successes as it allows calls, up to 32, and is
 * halved when the provider refuses, at most once a second. `now` is a monotonic clock, milliseconds.
 */
export function createCallLimit(now: () => number = () => performance.now()): CallLimit {
  let limit = START
  let successes = 0
  let halvedAt = Number.NEGATIVE_INFINITY
  return {
    limit: () => limit,
    succeeded: () => {
      successes += 1
      if (successes < limit) return
      successes = 0
      limit = Math.min(MOST, limit + 1)
    },
    throttled: () => {
      if (now() - halvedAt < HALVING_MS) return
      halvedAt = now()
      successes = 0
      limit = Math.max(LEAST, Math.floor(limit / 2))
    },
  }
}
