import { isAppError } from '../errors.ts'
import type { PlainCall, Streaming } from './call.ts'
import { withHeartbeats } from './heartbeats.ts'
import { toAppError } from './status.ts'

/** A message of a Watch RPC: the `kind` of its response. A caller resumes with the cursor of the last one that it has. */
export type WatchMessage<Event, Cursor> = {
  kind:
    | { $case: 'event'; value: Event }
    | { $case: 'heartbeat' | 'end'; value: { cursor: Cursor } }
    | { $case: 'error'; value: { reason: string; message: string; cursor: Cursor } }
}

/**
 * What a Watch RPC yields: at once a heartbeat with the cursor `after`, so that a caller can always resume; then the events, which `events`
 * reads until its signal is aborted, with a heartbeat after `everyMs` of silence; at last an `end`, when the server shuts down or the
 * stream's time is over; none when `events` ended by itself, having said all. When the caller's token expires, or reading fails, the last
 * message is an `error`, and the call fails with it: over REST the message is all that the caller gets to know.
 */
export async function* watching<Cursor, Event extends { cursor: Cursor }>(
  { signal, ending }: Pick<Streaming<PlainCall>, 'signal' | 'ending'>,
  after: Cursor,
  events: (signal: AbortSignal) => AsyncIterable<Event>,
  everyMs?: number,
): AsyncGenerator<WatchMessage<Event, Cursor>, void, void> {
  let cursor = after
  const stop = AbortSignal.any([signal, ending])
  yield { kind: { $case: 'heartbeat', value: { cursor } } }
  try {
    for await (const event of withHeartbeats<Event | undefined>(events(stop), () => undefined, stop, everyMs)) {
      if (event) cursor = event.cursor
      yield { kind: event ? { $case: 'event', value: event } : { $case: 'heartbeat', value: { cursor } } }
    }
  } catch (thrown) {
    if (signal.aborted) throw thrown
    const failure: unknown = ending.aborted ? ending.reason : thrown
    if (!ending.aborted || isAppError(failure)) {
      const error = toAppError(failure)
      yield { kind: { $case: 'error', value: { reason: error.reason, message: error.message, cursor } } }
      throw error
    }
  }
  if (stop.aborted) yield { kind: { $case: 'end', value: { cursor } } }
}
