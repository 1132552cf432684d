import type { Sql } from '#chassis/db/statements.ts'
import { isEvent, type Received } from '#chassis/events/envelope.ts'
import { EVENTS } from '#contracts/events.ts'
import { renameAuthor } from '../db/authors.ts'

export const onUserRenamed = (sql: Sql) => async (received: Received) => {
  if (!isEvent(received, EVENTS.userRenamed)) return
  const { metadata, username } = received.payload
  const { aggregateId, aggregateRevision } = metadata!
  await sql(renameAuthor, {
    consumer: 'prompt',
    eventId: received.id,
    userId: aggregateId,
    username,
    revision: Number(aggregateRevision),
  })
}
