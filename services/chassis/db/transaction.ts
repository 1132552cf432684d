import type { EntityManager } from '@mikro-orm/postgresql'
import { newId } from '../ids.ts'
import type { EventDefinition } from '#contracts/events.ts'
import type { Audited } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import type { EventMetadata } from '#contracts/gen/promptforge/event/v1/event.ts'
import { type AuditFacts, auditedBy } from '../audit.ts'
import type { Cause } from '../cause.ts'
import { eventParams, eventValues } from '../events/outbox.ts'
import { isTransactionConflict } from './failures.ts'
import { arrayOf, json, text, timestamptz, uuid } from './params.ts'
import { sqlIn } from './sql-in.ts'
import { statement } from './statements.ts'

/** The message of an event with every member named: a new field of the proto must be added wherever the event is emitted. The time is stored separately, and only `resync` says that it tells an event. */
export type EmittedMessage<T> = {
  [K in keyof Required<T>]: K extends 'metadata' ? Omit<EventMetadata, 'occurredAt' | 'resync'> : T[K]
}

/**
 * Stores an event in the transaction. It is published after the commit, and never without it. `subjectEnd` is what the subject ends with when
 * it is not the aggregate's id: the lane of a job.
 */
export type Emit = {
  <T>(event: EventDefinition<T>, message: EmittedMessage<T>, subjectEnd?: string): void
  /** Stores an entry of the audit log in the transaction. Who did it and from where, the cause says. */
  audit(event: EventDefinition<Audited>, facts: AuditFacts): void
}

/**
 * The work of one transaction: it loads and changes entities, and emits events. It may run more than once. `now` is when it
 * began, and when its events happened.
 */
export type Work<T> = (em: EntityManager, emit: Emit, now: Date) => Promise<T>

/** Runs work in a transaction, for what caused it. */
export type Transaction = <T>(cause: Cause, work: Work<T>) => Promise<T>

/** How often work is run again after a conflict with another transaction. */
const MAX_REPEATS = 3

/**
 * Makes the transactions of a database: MikroORM's unit of work with the outbox in it. It begins, runs `work`, stores its events, writes what
 * changed in one flush, commits, and calls `onWrite`. What PostgreSQL refuses as a deadlock or a serialisation failure is
 * run again from the start, up to three times, with an EntityManager of its own.
 */
export const createTransaction =
  (fork: () => EntityManager, onWrite: () => void): Transaction =>
  async (cause, work) => {
    for (let repeats = 0; ; repeats++) {
      try {
        const now = new Date()
        const em = fork()
        const { emit, store } = createEmit(em, cause, now)
        // Its `transactional` would make one EntityManager more, and move all entities from that to this one.
        const result = await em.getConnection('write').transactional(async (context) => {
          em.setTransactionContext(context)
          const done = await work(em, emit, now)
          await store()
          await em.flush()
          return done
        })
        em.resetTransactionContext()
        onWrite()
        return result
      } catch (error) {
        if (repeats === MAX_REPEATS || !isTransactionConflict(error)) throw error
      }
    }
  }

/** Takes events, and stores them all by one prepared statement: as entities each would be compared, and its insert written anew. */
function createEmit(em: EntityManager, cause: Cause, occurredAt: Date) {
  const [ids, subjects, payloads]: [string[], string[], string[]] = [[], [], []]
  const emit = <T>(
    { subject, perAggregate, message: type }: EventDefinition<T>,
    message: EmittedMessage<T>,
    subjectEnd?: string,
  ) => {
    const end = subjectEnd ?? (message as { metadata: EventMetadata }).metadata.aggregateId
    ids.push(newId())
    subjects.push(perAggregate ? `${subject}.${end}` : subject)
    payloads.push(JSON.stringify(type.toJSON(message as Parameters<typeof type.toJSON>[0])))
  }
  const audit = (event: EventDefinition<Audited>, facts: AuditFacts) => emit(event, auditedBy(event, cause, facts))
  const store = async () => {
    if (ids.length > 0) await sqlIn(em)(storeEvents, { ids, subjects, payloads, occurredAt, ...eventValues(cause) })
  }
  return { emit: Object.assign(emit, { audit }), store }
}

/** Stores the events of a transaction in the outbox. */
export const storeEvents = statement('store_events', {
  ...eventParams,
  ids: arrayOf(uuid),
  subjects: arrayOf(text),
  payloads: arrayOf(json),
  occurredAt: timestamptz,
})<object>(
  (p) => `insert into outbox (id, subject, payload, headers, occurred_at)
    select id, subject, payload, ${p.eventHeaders}, ${p.occurredAt}
    from unnest(${p.ids}, ${p.subjects}, ${p.payloads}) e (id, subject, payload)`,
)
