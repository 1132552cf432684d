import { consumedBy, type EventDefinition, EVENTS, type StreamName } from '#contracts/events.ts'
import type { Received } from './envelope.ts'

/** An event that can never be handled, and why: a sentence for the readers of dead letters, without content. */
export type Refusal = { received: Received; reason: string }

/**
 * What a service does with the events of one stream that the catalogue gives it; made by `subscription` or `batchSubscription`. The
 * durable consumer has the service's name; the deploy step has made it.
 */
export type Subscription = {
  stream: StreamName
  /** The most events that are handled together, fewer when they are large; up to four times as many are in memory. */
  batch: number
  /** What it handles. */
  events: readonly EventDefinition[]
  /**
   * Stores the effect of events, in one transaction or each on its own; they are acknowledged when it returns. Delivered again, an
   * event must change nothing. Answers with those that can never be handled. What it throws means that none of these has been
   * handled: a dependency that does not answer is waited for, anything else is tried again event by event.
   */
  handle(batch: Received[]): Promise<Refusal[]>
}

/** The name of an event in the catalogue: `userRenamed`. */
export type EventName = keyof typeof EVENTS

/** The event with this name, as a handler gets it. */
export type ReceivedOf<N extends EventName> = (typeof EVENTS)[N] extends EventDefinition<infer T> ? Received<T> : never

/** A handler for each event. */
type EventHandlers = { [N in EventName]?: (received: ReceivedOf<N>) => Promise<unknown> }

/**
 * Handles the events of a stream one after the other, by a function each:
 * `subscription('PF_USER', { batch: 50 }, { userRenamed: onUserRenamed(sql) })`. Its keys are exactly what the catalogue gives the
 * service: a service does not start with one missing, or one too many.
 */
export function subscription(stream: StreamName, { batch }: { batch: number }, handlers: EventHandlers): Subscription {
  const byEvent = new Map(
    Object.entries(handlers).map(([name, handle]) => [
      EVENTS[name as EventName].name,
      handle as (received: Received) => Promise<unknown>,
    ]),
  )
  return {
    stream,
    batch,
    events: Object.keys(handlers).map((name) => EVENTS[name as EventName] as EventDefinition),
    handle: async (received) => {
      for (const one of received) await byEvent.get(one.event.name)!(one)
      return []
    },
  }
}

/** Handles events of a stream together, as many as have come: for what stores many in one statement. */
export const batchSubscription = <T>(
  stream: StreamName,
  { batch }: { batch: number },
  events: readonly EventDefinition<T>[],
  handle: (batch: Received<T>[]) => Promise<Refusal[]>,
): Subscription => ({
  stream,
  batch,
  events: events as readonly EventDefinition[],
  handle: handle as Subscription['handle'],
})

/** Throws when a service does not handle exactly the events that the catalogue gives it, each in one subscription to its stream. */
export function assertAllHandled(service: string, subscriptions: Subscription[]): void {
  const handled = subscriptions.flatMap(({ stream, events }) => events.map(({ name }) => `${name} of ${stream}`))
  const given = consumedBy(service).map(({ name, stream }) => `${name} of ${stream}`)
  const streams = subscriptions.map(({ stream }) => stream)
  const wrong = [
    ...given.filter((event) => !handled.includes(event)).map((event) => `${event} has no handler`),
    ...handled
      .filter((event) => !given.includes(event))
      .map((event) => `${event} is not an event that the catalogue gives it`),
    ...streams
      .filter((stream, index) => streams.indexOf(stream) !== index)
      .map((stream) => `${stream} has two subscriptions`),
  ]
  if (wrong.length === 0) return
  throw new Error(
    `${service} does not handle the events that contracts/events.ts gives it: ${wrong.join('; ')}. Fix its events/index.ts, or the catalogue`,
  )
}
