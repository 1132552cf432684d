import { setTimeout as sleep } from 'node:timers/promises'
import { DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream'
import type { Broker } from '#chassis/events/broker.ts'
import { type StreamAccess, withDeploy } from '#chassis/events/stream-access.ts'
import type { Logger } from '#chassis/logger.ts'
import { EVENTS, STREAMS, type StreamName } from '#contracts/events.ts'

/** Milliseconds that the services have to handle what is there, and between two looks. */
const HANDLE_MS = 60_000
const LOOK_MS = 100

/** The streams, for one erasure. */
export type Streams = {
  /** Waits until all consumers have handled all that is in the streams by now. */
  untilHandled(): Promise<void>
  /** Deletes the messages that mention a user, and answers with how many. Call it when they have been handled. */
  deleteMentions(userId: string): Promise<number>
}

/** Opens the streams for `work`. Throws when NATS does not answer. */
export const withStreams = <T>(access: StreamAccess, log: Logger, work: (streams: Streams) => Promise<T>): Promise<T> =>
  withDeploy(access, log, (broker, manager) => {
    let handled: [StreamName, number][] = []
    return work({
      untilHandled: async () => {
        handled = await lastSequences(manager)
        for (const [stream, last] of handled) await untilHandled(manager, stream, last)
      },
      deleteMentions: async (userId) => {
        let deleted = 0
        for (const [stream, last] of handled) deleted += await deleteMentions(broker, manager, { stream, last, userId })
        return deleted
      },
    })
  })

const lastSequences = ({ streams }: JetStreamManager) =>
  Promise.all(
    (Object.keys(STREAMS) as StreamName[]).map(async (stream): Promise<[StreamName, number]> => {
      const { state } = await streams.info(stream)
      return [stream, state.last_seq]
    }),
  )

const untilHandled = ({ consumers }: JetStreamManager, stream: StreamName, last: number) =>
  untilNothingMissing(async () => {
    let behind: string | undefined
    for await (const { name, config, num_pending, num_ack_pending, ack_floor } of consumers.list(stream)) {
      // A consumer that is not durable is somebody who looks into the stream.
      if (config.durable_name && num_pending + num_ack_pending > 0 && ack_floor.stream_seq < last) behind = name
    }
    return behind && `${behind} has not handled all events of ${stream}`
  }, HANDLE_MS)

/** Asks again and again what is missing. Throws with that when something still is after so many milliseconds. */
export async function untilNothingMissing(missing: () => Promise<string | undefined>, ms: number): Promise<void> {
  for (const end = Date.now() + ms; ;) {
    const what = await missing()
    if (what === undefined) return
    if (Date.now() > end) throw new Error(what)
    await sleep(LOOK_MS)
  }
}

type Mentions = { stream: StreamName; last: number; userId: string }

/**
 * Wherever a message has a user's name or address, it has the id too, as text. That of somebody else who did something with what is the user's goes as
 * well: it has been handled, and its record is elsewhere.
 */
async function deleteMentions(broker: Broker, { streams }: JetStreamManager, { stream, last, userId }: Mentions) {
  const { state } = await streams.info(stream)
  if (state.messages === 0 || state.first_seq > last) return 0
  const told = `${EVENTS.userErased.subject}.${userId}`
  const found: number[] = []
  const consumer = await broker.jetstream().consumers.get(stream, { deliver_policy: DeliverPolicy.All })
  try {
    for await (const { seq, subject, data, info } of await consumer.consume()) {
      const mentions = subject.includes(userId) || Buffer.from(data).includes(userId)
      if (seq <= last && mentions && !subject.endsWith(told)) found.push(seq)
      if (seq >= last || info.pending === 0) break
    }
  } finally {
    await consumer.delete()
  }
  for (const seq of found) await streams.deleteMessage(stream, seq, true)
  return found.length
}
