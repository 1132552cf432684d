import type { Received } from '#chassis/events/envelope.ts'
import { DELETED_USER, EVENTS } from '#contracts/events.ts'
import type { EventMetadata } from '#contracts/gen/promptforge/event/v1/event.ts'
import { json, moment, text, uuid } from './checks.ts'
import { onceOf, type RowsOf, type UserEventRow } from './rows.ts'

/** What the events about users have in common; what else one says goes to `properties`. */
type AboutUser = { metadata?: EventMetadata; username?: string; email?: string }

/** The events whose revision is the user's own, which is raised by a change of the name. */
const NAMING: ReadonlySet<string> = new Set(
  [EVENTS.userRegistered, EVENTS.userSignedIn, EVENTS.userRenamed, EVENTS.userErased].map(({ name }) => name),
)

/** The row of an event about a user. */
export const userRows: RowsOf<UserEventRow> = (received) => [() => userRow(received)]

function userRow({ event, id, payload }: Received): UserEventRow {
  const { metadata, username: name, email, ...rest } = payload as AboutUser
  const username = event.name === EVENTS.userErased.name ? DELETED_USER : text('username', name, 50)
  const revision = metadata?.aggregateRevision ?? 0n
  return {
    id: uuid('id', id),
    time: moment(metadata?.occurredAt),
    type: event.name,
    userId: uuid('aggregate_id', metadata?.aggregateId ?? ''),
    username,
    email: text('email', email, 100),
    properties: json(rest),
    once: onceOf(event, metadata),
    facts: username !== null && NAMING.has(event.name) ? { username, revision } : undefined,
  }
}
