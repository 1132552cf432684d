import type { EventDefinition } from '#contracts/events.ts'
import type { Context } from '../trace.ts'

/** Headers of a message, beside NATS's own. */
export type EventHeaders = {
  /** W3C trace context of what caused the event. */
  traceparent?: string
  /** The request that caused it, as logs name it. */
  'Pf-Request-Id'?: string
}

/** An event that waits to be published. */
export type OutboxRow = {
  /** Lower-case UUID: the message id by which JetStream and consumers know it again. */
  id: string
  subject: string
  /** Proto3 JSON of the message, without `metadata.occurredAt`. */
  payload: Record<string, unknown>
  headers: EventHeaders
  /** When it happened. */
  occurredAt: Date
  /** How often publishing it was refused. */
  attempts: number
}

/** An event as a handler gets it. */
export type Received<T = unknown> = {
  event: EventDefinition<T>
  /** Its message id. */
  id: string
  payload: T
  requestId: string | undefined
  /** For the spans of what it causes. */
  trace: Context
}

/** The message of an outbox row on the wire. Throws when its payload is not what the contract says. */
export function encodeEvent(
  { message }: EventDefinition,
  { payload, occurredAt }: Pick<OutboxRow, 'payload' | 'occurredAt'>,
) {
  const metadata = { ...(payload['metadata'] as object), occurredAt: occurredAt.toISOString() }
  return message.encode(message.fromJSON({ ...payload, metadata })).finish()
}

/** Whether a received event is this one; narrows its payload. */
export const isEvent = <T>(received: Received, event: EventDefinition<T>): received is Received<T> =>
  received.event.name === event.name
