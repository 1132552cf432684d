import type { Sql } from '#chassis/db/statements.ts'
import { eraseFromOutbox } from '#chassis/events/erase-from-outbox.ts'
import type { Received } from '#chassis/events/envelope.ts'
import { DELETED_USER } from '#contracts/events.ts'
import type { UserErased } from '#contracts/gen/promptforge/user/v1/user_events.ts'
import { renameAuthor } from '../db/authors.ts'
import { deleteEntitlements } from '../db/entitlements.ts'

/**
 * No name is newer than this one. It is done again each time that it is told, so that it needs no inbox. What the user had bought goes after the
 * name: no licence is stored for somebody who is known to be erased.
 */
export const onUserErased =
  (sql: Sql) =>
  async ({ payload: { metadata } }: Received<UserErased>) => {
    const { aggregateId: userId, aggregateRevision } = metadata!
    await renameAuthor(sql, { userId, username: DELETED_USER, revision: Number(aggregateRevision) })
    await sql(deleteEntitlements, { userId })
    await eraseFromOutbox(sql, userId)
  }
