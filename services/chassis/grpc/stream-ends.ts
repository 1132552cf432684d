import { LONGEST_STREAM_MS, type Method } from '#contracts/contract.ts'
import type { RawStream } from './running-streams.ts'
import { type Caller, tokenExpired } from './tokens.ts'

/** How long before its deadline a stream is asked to end: that many milliseconds, but no more than this part of its time. */
const MARGIN_MS = 10_000
const LAST_PART = 0.1

/**
 * Asks a stream to end before the gateway or its client cuts it, which they do without a word, and when the caller's token expires: then
 * with UNAUTHENTICATED as the reason.
 */
export function endInTime(
  raw: RawStream,
  ending: AbortController,
  { deadlineMs = LONGEST_STREAM_MS }: Method,
  caller: Caller | undefined,
): void {
  if (raw.cancelled) return
  const now = Date.now()
  const left = Math.max(0, Math.min(deadlineMs, Number(raw.getDeadline()) - now))
  const timers = [setTimeout(() => ending.abort(), left - Math.min(MARGIN_MS, left * LAST_PART))]
  if (caller) timers.push(setTimeout(() => ending.abort(tokenExpired()), Math.max(0, caller.expiresAt - now)))
  raw.on('cancelled', () => {
    for (const timer of timers) clearTimeout(timer)
  })
}
