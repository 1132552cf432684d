import type { Sql } from '#chassis/db/statements.ts'
import type { Received } from '#chassis/events/envelope.ts'
import { markHandled, wasHandled } from '#chassis/events/inbox.ts'
import type { UserRenamed } from '#contracts/gen/promptforge/user/v1/user_events.ts'
import { renameAuthor } from '../db/authors.ts'

const CONSUMER = 'prompt'

export const onUserRenamed =
  (sql: Sql) =>
  async ({ id, payload: { metadata, username } }: Received<UserRenamed>) => {
    if (await wasHandled(sql, CONSUMER, id)) return
    const { aggregateId: userId, aggregateRevision } = metadata!
    await renameAuthor(sql, { userId, username, revision: Number(aggregateRevision) })
    await markHandled(sql, CONSUMER, id)
  }
