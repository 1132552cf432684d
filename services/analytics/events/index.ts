import type { Subscription } from '#chassis/events/subscription.ts'
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
  return [
    { stream: 'PF_USER', batch: BATCH, handle: users },
    { stream: 'PF_PROMPT', batch: BATCH, handle: prompts },
    { stream: 'PF_VERSION', batch: BATCH, handle: prompts },
  ]
}
