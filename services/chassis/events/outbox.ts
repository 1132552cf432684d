import type { EventDefinition } from '#contracts/events.ts'
import type { Cause } from '../cause.ts'
import { json, type SqlNames } from '../db/params.ts'
import { readTraceparent, traceparentOf } from '../trace.ts'
import type { EventHeaders } from './envelope.ts'

/**
 * The table's DDL, for a service's first migration. `payload` is the message as proto3 JSON: a statement can make it from what it
 * has just stored, and a person can read it. Published rows are kept seven days.
 */
export const OUTBOX_TABLE = `
  create table outbox (
    id uuid primary key,
    subject varchar(200) not null,
    payload json not null,
    headers json not null default '{}',
    occurred_at timestamptz(3) not null,
    created_at timestamptz(3) not null default now(),
    attempts integer not null default 0,
    processed_at timestamptz(3),
    abandoned_at timestamptz(3)
  ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
  create index outbox_waiting on outbox (id) where processed_at is null and abandoned_at is null;`

/**
 * The members of a message as SQL expressions, each of them named: a new field of the proto must be added to the statement. An expression that
 * is null leaves its member at the default. The time is stored separately, and only `resync` says that it tells an event.
 */
export type SqlOf<T> = {
  [K in keyof T as K extends 'occurredAt' | 'resync' ? never : K]-?: NonNullable<T[K]> extends
    string | number | bigint | boolean | Date | unknown[]
    ? string
    : SqlOf<NonNullable<T[K]>>
}

/** An event that a statement emits. */
export type Emission = {
  event: EventDefinition
  /** SQL of its payload: JSON. */
  payload: string
  /** SQL condition on which it is emitted. Default: always. */
  when?: string
  /** SQL of what the subject ends with, when it is not the aggregate's id: the lane of a job. */
  subjectEnd?: string
}

/** Says what a statement emits: the event, its members as SQL expressions, and on what condition. */
export const emission = <T>(event: EventDefinition<T>, members: SqlOf<T>, when?: string): Emission => ({
  event: event as EventDefinition,
  payload: jsonObject(members as SqlTree),
  ...(when === undefined ? {} : { when }),
})

type SqlTree = { [name: string]: string | SqlTree }

const jsonObject = (members: SqlTree): string =>
  `json_build_object(${Object.entries(members)
    .map(([name, value]) => `'${name}', ${typeof value === 'string' ? value : jsonObject(value)}`)
    .join(', ')})`

/** The parameter of `outboxCte`: the headers of its events. */
export const eventParams = { eventHeaders: json }

/** Its value, for what is caused by a call, an event or a job. */
export const eventValues = (cause: Cause) => ({ eventHeaders: JSON.stringify(eventHeaders(cause)) })

/**
 * A CTE that stores events in the statement that makes what they tell of. `from` is that, as SQL for a FROM clause (`made m`);
 * `at` is when it happened (`m.created_at`), `aggregateId` whose it is.
 */
export function outboxCte(
  p: SqlNames<typeof eventParams>,
  { from, at, aggregateId, events }: { from: string; at: string; aggregateId: string; events: Emission[] },
): string {
  const rows = events.map(({ event, payload, when, subjectEnd = aggregateId }) => {
    // Otherwise the payload would be made before the condition is looked at.
    const wanted = when === undefined ? `${payload}, true` : `case when ${when} then ${payload} end, ${when}`
    const subject = event.perAggregate ? `'${event.subject}.' || ${subjectEnd}` : `'${event.subject}'`
    return `(uuidv7(), ${subject}, ${wanted})`
  })
  return `
  emitted as (
    insert into outbox (id, subject, payload, headers, occurred_at)
    select e.id, e.subject, e.payload, ${p.eventHeaders}, ${at}
    from ${from} cross join lateral (values ${rows.join(', ')}) e (id, subject, payload, is_wanted)
    where e.is_wanted
  )`
}

/** The reverse of `eventHeaders`, for what is done later because of the same. */
export const causeOf = ({
  traceparent = '',
  'Pf-Request-Id': requestId,
}: EventHeaders): Pick<Cause, 'requestId' | 'trace'> => ({
  requestId,
  trace: readTraceparent(traceparent),
})

/** What events carry on of what caused them. */
export function eventHeaders({ requestId, trace }: Cause): EventHeaders {
  const traceparent = traceparentOf(trace)
  return { ...(traceparent && { traceparent }), ...(requestId && { 'Pf-Request-Id': requestId }) }
}
