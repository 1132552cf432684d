import type { Sql } from '#chassis/db/statements.ts'
import type { Received } from '#chassis/events/envelope.ts'
import type { UserRenamed } from '#contracts/gen/promptforge/user/v1/user_events.ts'
import { renameAuthor } from '../db/authors.ts'

export const onUserRenamed =
  (sql: Sql) =>
  async ({ id, payload: { metadata, username } }: Received<UserRenamed>) => {
    const { aggregateId: userId, aggregateRevision } = metadata!
    await sql(renameAuthor, { consumer: 'prompt', eventId: id, userId, username, revision: Number(aggregateRevision) })
  }
