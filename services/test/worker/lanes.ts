import { type CallLimit, createCallLimit } from '../providers/aimd.ts'
import type { Outcome } from '../providers/call-model.ts'

/** The longest that a lane pauses because its provider says so, milliseconds. */
const MAX_PAUSE_MS = 60_000

/** How many calls each provider is given at once by this replica. */
export type Lanes = {
  /** None while the provider has asked for a pause. */
  limit(lane: string): number
  /** For how long it has still asked for that, milliseconds. */
  pausedMs(lane: string): number
  /** Learns from how a call ended. */
  note(lane: string, outcome: Outcome): void
  /** Learns from another replica that the provider has asked for a pause, for so many milliseconds from now on. */
  pause(lane: string, pauseMs: number): void
}

/** A place among the calls that are made at once. */
export type Place = {
  /** Learns from how the call ended. */
  note(outcome: Outcome): void
  /** Gives the place back. */
  leave(): Promise<void>
}

type Lane = { calls: CallLimit; pausedUntil: number }
type Memory = { get(name: string): Lane | undefined; set(name: string, lane: Lane): unknown }

/** For how long a provider that has throttled a call has asked to be left alone, milliseconds. */
export const pauseOf = (outcome: Outcome): number =>
  outcome.kind === 'throttled' ? Math.min(MAX_PAUSE_MS, outcome.retryAfterMs ?? 0) : 0

/** `now` is a monotonic clock, milliseconds. What `lanes` forgets begins anew. */
export function createLanes(now: () => number = () => performance.now(), lanes: Memory = new Map()): Lanes {
  const laneOf = (name: string) => {
    const lane = lanes.get(name) ?? { calls: createCallLimit(now), pausedUntil: 0 }
    lanes.set(name, lane)
    return lane
  }
  const pause = (lane: Lane, pauseMs: number) => {
    lane.pausedUntil = Math.max(lane.pausedUntil, now() + pauseMs)
  }
  return {
    limit: (name) => {
      const { calls, pausedUntil } = laneOf(name)
      return now() < pausedUntil ? 0 : calls.limit()
    },
    pausedMs: (name) => Math.max(0, Math.ceil(laneOf(name).pausedUntil - now())),
    note: (name, outcome) => {
      const lane = laneOf(name)
      if (outcome.kind === 'completed') lane.calls.succeeded()
      if (outcome.kind !== 'throttled') return
      lane.calls.throttled()
      pause(lane, pauseOf(outcome))
    },
    pause: (name, pauseMs) => pause(laneOf(name), pauseMs),
  }
}
