import { isDeepStrictEqual } from 'node:util'
import { type EventDefinition, eventOf } from '#contracts/events.ts'
import type { OutboxRow } from '../events/envelope.ts'
import type { TestDatabase } from './database.ts'

/** An event in an outbox. */
export type Emitted = Pick<OutboxRow, 'id' | 'subject' | 'headers' | 'occurredAt'> & {
  /** Its name in the catalogue: `prompt.created`. */
  name: string
  /** As the contract prints it: without what is at its default, int64 as text, and without `metadata.occurredAt`. */
  payload: Record<string, unknown>
}

/**
 * The events that wait in an outbox, by their ids: all of them, or those of one aggregate, but not the entries of the audit log. Throws when one is not what its
 * contract says: a subject that the catalogue does not have, a member that the message does not know.
 */
export const readOutbox = async (database: Pick<TestDatabase, 'query'>, aggregateId?: string): Promise<Emitted[]> =>
  (await readAll(database, aggregateId)).filter((event) => !isAudit(event))

/** The entries of the audit log that wait in an outbox, in the same form. */
export const readAudits = async (database: Pick<TestDatabase, 'query'>, aggregateId?: string): Promise<Emitted[]> =>
  (await readAll(database, aggregateId)).filter(isAudit)

const isAudit = ({ name }: Emitted) => name.endsWith('.audited')

async function readAll({ query }: Pick<TestDatabase, 'query'>, aggregateId?: string): Promise<Emitted[]> {
  const rows = await query<OutboxRow>(
    `select id, subject, payload, headers, occurred_at as "occurredAt" from outbox
    where $1::text is null or payload -> 'metadata' ->> 'aggregateId' = $1 order by id`,
    [aggregateId ?? null],
  )
  return rows.map(({ id, subject, payload, headers, occurredAt }) => {
    const event = eventOf(subject)
    if (!event) throw new Error(`unknown subject ${subject}: the catalogue has no event with it`)
    return { id, subject, headers, occurredAt, name: event.name, payload: throughContract(event, payload) }
  })
}

function throughContract({ name, message }: EventDefinition, payload: OutboxRow['payload']) {
  const kept = message.toJSON(message.fromJSON(payload)) as Record<string, unknown>
  const wanted = withoutDefaults(payload)
  if (isDeepStrictEqual(withoutDefaults(kept), wanted)) return kept
  throw new Error(`${name} keeps ${JSON.stringify(kept)} of ${JSON.stringify(wanted)}`)
}

function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults)
  if (typeof value !== 'object' || value === null) return typeof value === 'number' ? String(value) : value
  const members = Object.entries(value).filter(([, member]) => !isDefault(member))
  return Object.fromEntries(members.map(([name, member]) => [name, withoutDefaults(member)]))
}

const isDefault = (value: unknown) =>
  value === null || value === '' || value === false || value === 0 || (Array.isArray(value) && value.length === 0)
