import type { StreamName } from '#contracts/events.ts'
import type { Received } from './envelope.ts'

/** An event that can never be handled, and why: a sentence for who reads the dead letters, without content. */
export type Refusal = { received: Received; reason: string }

/**
 * What a service does with the events of one stream that the catalogue gives it. The durable consumer has the service's name; the
 * deploy step has made it.
 */
export type Subscription = {
  stream: StreamName
  /** Events that are handled together at the most; four times as many are in memory. */
  batch: number
  /**
   * Stores the effect of events, in one transaction or each on its own; they are acknowledged when it returns. Delivered again, an
   * event must change nothing. Answers with those that can never be handled. What it throws means that none of these has been
   * handled: a dependency that does not answer is waited for, anything else is tried again event by event.
   */
  handle(batch: Received[]): Promise<Refusal[]>
}

/** Handles events one after the other, by a function each: `oneByOne({ userRenamed: … })`. */
export const oneByOne =
  (handle: (received: Received) => Promise<unknown>): Subscription['handle'] =>
  async (batch) => {
    for (const received of batch) await handle(received)
    return []
  }
