import type { Received } from '#chassis/events/envelope.ts'
import type { EventMetadata } from '#contracts/gen/promptforge/event/v1/event.ts'
import { json, moment, text, uuid } from './checks.ts'
import { onceOf, type RowsOf, type UserEventRow } from './rows.ts'

/** What the events about users have in common; what else one says goes to `properties`. */
type AboutUser = { metadata?: EventMetadata; username?: string; email?: string }

/** The row of an event about a user. */
export const userRows: RowsOf<UserEventRow> = (received) => [() => userRow(received)]

function userRow({ event, id, payload }: Received): UserEventRow {
  const { metadata, username, email, ...rest } = payload as AboutUser
  return {
    id: uuid('id', id),
    time: moment(metadata?.occurredAt),
    type: event.name,
    userId: uuid('aggregate_id', metadata?.aggregateId ?? ''),
    username: text('username', username, 50),
    email: text('email', email, 100),
    properties: json(rest),
    once: onceOf(event, metadata),
  }
}
