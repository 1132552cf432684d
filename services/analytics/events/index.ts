import { validate } from 'uuid'
import { isEvent, type Received } from '#chassis/events/envelope.ts'
import { batchSubscription, type Refusal, type Subscription } from '#chassis/events/subscription.ts'
import { consumedBy, EVENTS, type EventTopic } from '#contracts/events.ts'
import type { Deps } from '../context.ts'
import { eraseAgain, eraseUser, storeWithoutErased } from '../db/erase-user.ts'
import { auditColumns, insertAuditEntries } from '../db/insert-audit-entries.ts'
import { insertPromptEvents, promptEventColumns } from '../db/insert-prompt-events.ts'
import { insertUserEvents, userEventColumns } from '../db/insert-user-events.ts'
import { auditRows } from './audit-rows.ts'
import { ingest } from './ingest.ts'
import { marketplaceRows } from './marketplace-rows.ts'
import { promptRows } from './prompt-rows.ts'
import type { RowsOf, UserEventRow } from './rows.ts'
import { testRows } from './test-rows.ts'
import { userRows } from './user-rows.ts'

/** Messages that are handled at once. Queries wait while one loop makes the rows of so many. */
const BATCH = 250

/** What is counted: everything that the catalogue gives this service, in the tables of what it is about. */
export function subscriptions({ database, live }: Deps): Subscription[] {
  const { sql } = database
  const byUser = (rowsOf: RowsOf<UserEventRow>) =>
    ingest(
      rowsOf,
      ({ userId }) => userId,
      (rows) => storeWithoutErased(database, rows, (cleared) => sql(insertUserEvents, userEventColumns(cleared))),
    )
  const handlers: Record<EventTopic, Subscription['handle']> = {
    user: byUser(userRows),
    test: byUser(testRows),
    comparison: byUser(testRows),
    suiteRun: byUser(testRows),
    listing: byUser(marketplaceRows),
    transaction: byUser(marketplaceRows),
    license: byUser(marketplaceRows),
    audited: ingest(
      auditRows,
      ({ targetId }) => targetId,
      async (rows) => {
        const refused = await sql(insertAuditEntries, auditColumns(rows))
        await eraseAgain(
          database,
          rows.flatMap(({ actorId }) => actorId ?? []),
        )
        return refused
      },
    ),
    prompt: ingest(
      promptRows,
      ({ promptId }) => promptId,
      (rows) => storeWithoutErased(database, rows, (cleared) => sql(insertPromptEvents, promptEventColumns(cleared))),
    ),
  }
  const handle = async (batch: Received[]) => {
    const refusals: Refusal[] = []
    for (const [about, received] of Map.groupBy(batch, ({ event }) => event.about)) {
      refusals.push(...(await handlers[about](received)))
    }
    for (const received of batch) {
      const userId = isEvent(received, EVENTS.userErased) && received.payload.metadata?.aggregateId
      if (userId && validate(userId)) await eraseUser(database, userId)
    }
    // Who watches does not wait for the next look.
    void live.look()
    return refusals
  }
  const streams = new Set(consumedBy('analytics').map(({ stream }) => stream))
  return [...streams].map((stream) =>
    batchSubscription(stream, { batch: BATCH }, consumedBy('analytics', stream), handle),
  )
}
