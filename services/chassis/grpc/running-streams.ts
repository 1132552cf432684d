import type { ServerWritableStream } from '@grpc/grpc-js'
import { type AppError, shuttingDown } from '../errors.ts'
import { sessionOf } from './peer.ts'

/** A call of a server-streaming RPC as grpc-js has it. */
export type RawStream = ServerWritableStream<unknown, unknown>

/** The streams of one server, which ends them when it shuts down: first it asks, then it ends them, then it cuts them. */
export type RunningStreams = {
  /** Keeps a stream until it has ended on the wire; `abort` ends its handler. Answers with what asks it to end. */
  add(raw: RawStream, abort: (reason: AppError) => void): AbortController
  /** Asks all streams, and those that are still to come, to yield their last message and end. */
  drain(): void
  /** Ends all streams with UNAVAILABLE. */
  end(): void
  /** Breaks the connections of streams whose clients have not even read their end. */
  cut(): void
}

export function createRunningStreams(): RunningStreams {
  const running = new Map<RawStream, { ending: AbortController; abort: (reason: AppError) => void }>()
  let isDraining = false
  return {
    add: (raw, abort) => {
      const ending = new AbortController()
      if (isDraining) ending.abort()
      running.set(raw, { ending, abort })
      // grpc-js says 'cancelled' at the end of every call.
      raw.on('cancelled', () => running.delete(raw))
      return ending
    },
    drain: () => {
      isDraining = true
      for (const { ending } of running.values()) ending.abort()
    },
    end: () => {
      for (const { abort } of running.values()) abort(shuttingDown())
    },
    cut: () => {
      for (const raw of running.keys()) sessionOf(raw)?.destroy()
    },
  }
}
