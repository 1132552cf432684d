import type { Live } from '#chassis/events/live.ts'
import { LIVE } from '#contracts/events.ts'

/** Where replicas tell each other which tests are to be cancelled; a message is the id of one. */
export const CANCEL_SUBJECT = `${LIVE['test']}cancel`

/**
 * Tells the replica that runs a test that it is to be cancelled, so that it need not look at the row first. The row says so already: what
 * is lost here costs half a second.
 */
export const tellCancelled = (live: Live, testId: string): void =>
  live.publish(CANCEL_SUBJECT, new TextEncoder().encode(testId))

/** Calls `cancel` with each test that is to be cancelled. Undefined while NATS has never answered. Returns how to end. */
export const hearCancelled = (live: Live, cancel: (testId: string) => void): (() => void) | undefined =>
  live.subscribe(CANCEL_SUBJECT, (data) => cancel(new TextDecoder().decode(data)))
