import type { Actor, EventMetadata } from '#contracts/gen/promptforge/event/v1/event.ts'
import type { TestedModel } from '#contracts/gen/promptforge/test/v1/test_events.ts'
import { json, moment, text, uuid } from './checks.ts'
import { onceOf, type RowsOf, type UserEventRow } from './rows.ts'

/** What the events about tests and comparisons have in common; what else one says goes to `properties`. */
type AboutTest = { metadata?: EventMetadata; actor?: Actor; tested?: TestedModel }

/**
 * The row of an event about a test or a comparison: an activity of the user whose it is. Nobody else hears of it, so no row of the prompt's
 * is made.
 */
export const testRows: RowsOf<UserEventRow> = ({ event, id, payload }) => [
  () => {
    const { metadata, actor, tested, ...rest } = payload as AboutTest
    const about = { [`${event.about}Id`]: uuid('aggregate_id', metadata?.aggregateId ?? '') }
    return {
      id: uuid('id', id),
      time: moment(metadata?.occurredAt),
      type: event.name,
      userId: uuid('user_id', actor?.userId ?? ''),
      username: text('username', actor?.username, 50),
      email: null,
      properties: json({ ...about, ...tested, ...rest }),
      once: onceOf(event, metadata),
      facts: undefined,
    }
  },
]
