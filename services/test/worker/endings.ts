import { CANCELLED_MESSAGE } from '../db/cancel-test.ts'
import type { ClaimedRow } from '../db/claim-test.ts'
import { dollarsOf, settle } from '../money.ts'
import type { Outcome } from '../providers/call-model.ts'
import type { CollectedResponse } from './response.ts'

/** How long a test waits for its provider to have less to do, milliseconds; after that it fails. */
const THROTTLED_MS = 600_000

/** Milliseconds of the first wait when the provider does not say how long, and the longest. */
const FIRST_WAIT_MS = 1000
const MAX_WAIT_MS = 60_000

/** How often the first wait is doubled: by as much as the test has waited already. */
const doublings = (waitedMs: number) => Math.log2(1 + waitedMs / FIRST_WAIT_MS)

type Throttled = Pick<ClaimedRow, 'throttled_since'>

/**
 * How long a test that its provider has throttled waits, milliseconds: as long as the provider says, up to a minute, else longer each time.
 * Undefined: it was not throttled, or for too long.
 */
export function waitOf(
  outcome: Outcome,
  { throttled_since: since }: Throttled,
  now: number,
  random = Math.random(),
): number | undefined {
  if (outcome.kind !== 'throttled') return undefined
  const waited = since ? now - since.getTime() : 0
  if (waited > THROTTLED_MS) return undefined
  const own = FIRST_WAIT_MS * 2 ** doublings(waited) * (0.5 + random)
  return Math.round(Math.min(MAX_WAIT_MS, outcome.retryAfterMs ?? own))
}

type Claimed = Pick<ClaimedRow, 'reserved_micros' | 'cost_micros' | 'input' | 'cache_read' | 'cache_write' | 'output'>

/** What is stored of a test that has ended. */
export function endingOf(
  outcome: Outcome,
  claimed: Claimed,
  { text, firstTokenMs, responseTimeMs }: CollectedResponse,
) {
  const usage = outcome.kind === 'completed' ? outcome.usage : undefined
  const mayCost = outcome.kind === 'completed' || (outcome.kind === 'failed' && outcome.mayCost)
  const { cost, source } = settle(priceOf(claimed), BigInt(claimed.reserved_micros), { mayCost, usage })
  const { code, message } = failureOf(outcome)
  return {
    status: outcome.kind === 'completed' ? 'COMPLETED' : 'FAILED',
    response: outcome.kind === 'completed' || text !== '' ? text : null,
    inputTokens: usage?.input ?? null,
    cachedTokens: usage?.cacheRead ?? null,
    cacheWriteTokens: usage?.cacheWrite ?? null,
    outputTokens: usage?.output ?? null,
    reasoningTokens: usage?.reasoning ?? null,
    rawUsage: usage ? JSON.stringify(usage.raw) : null,
    usageSource: source,
    costMicros: cost,
    dollars: dollarsOf(BigInt(claimed.cost_micros) + cost),
    firstTokenMs,
    responseTimeMs,
    finishReason: outcome.kind === 'completed' ? outcome.finishReason : null,
    errorCode: code,
    errorMessage: message,
  }
}

function failureOf(outcome: Outcome): { code: string | null; message: string | null } {
  switch (outcome.kind) {
    case 'completed':
      return { code: null, message: null }
    case 'throttled':
      return { code: 'THROTTLED', message: 'the provider had too much to do for ten minutes: try again later' }
    case 'failed':
      return { code: outcome.code, message: outcome.code === 'CANCELLED' ? CANCELLED_MESSAGE : outcome.message }
  }
}

const priceOf = ({ input, cache_read: cacheRead, cache_write: cacheWrite, output }: Claimed) => ({
  input: BigInt(input),
  cacheRead: BigInt(cacheRead),
  cacheWrite: BigInt(cacheWrite),
  output: BigInt(output),
})
