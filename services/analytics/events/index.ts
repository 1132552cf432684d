import { batchSubscription, type Subscription } from '#chassis/events/subscription.ts'
import { consumedBy, type StreamName } from '#contracts/events.ts'
import type { Deps } from '../context.ts'
import { insertPromptEvents, promptEventColumns } from '../db/insert-prompt-events.ts'
import { insertUserEvents, userEventColumns } from '../db/insert-user-events.ts'
import { ingest } from './ingest.ts'
import { promptRows } from './prompt-rows.ts'
import { userRows } from './user-rows.ts'

/** Messages that are handled at once. */
const BATCH = 1000

/** What is counted: everything that the catalogue gives this service. */
export function subscriptions({ database: { sql } }: Deps): Subscription[] {
  const users = ingest(userRows, (rows) => sql(insertUserEvents, userEventColumns(rows)))
  const prompts = ingest(promptRows, (rows) => sql(insertPromptEvents, promptEventColumns(rows)))
  const all = (stream: StreamName, handle: Subscription['handle']) =>
    batchSubscription(stream, { batch: BATCH }, consumedBy('analytics', stream), handle)
  return [all('PF_USER', users), all('PF_PROMPT', prompts), all('PF_VERSION', prompts)]
}
