import { validate } from 'uuid'
import { auditValues } from '#chassis/audit.ts'
import { commandCause } from '#chassis/cause.ts'
import type { Sql } from '#chassis/db/statements.ts'
import { eraseFromOutbox } from '#chassis/events/erase-from-outbox.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { StreamAccess } from '#chassis/events/stream-access.ts'
import { EVENTS } from '#contracts/events.ts'
import { AuditEntry_Action as Action } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { aboutUser } from './audited.ts'
import type { Deps } from './context.ts'
import { deleteBelongings, endFollows, eraseUser, findUserToErase, isPublished } from './db/erase-user.ts'
import { untilNothingMissing, withStreams } from './erase-from-streams.ts'

/** Milliseconds that the running service has to publish the event. */
const PUBLISH_MS = 30_000

type Parts = Pick<Deps, 'database' | 'log'> & { streams: StreamAccess }

/**
 * Erases a user: first here, then by `user.erased` in the other services, at last in the streams. Each step may be repeated, so that another run,
 * with the id that the first one logged, finishes one that was stopped.
 */
export async function erase({ database, log, streams }: Parts, whom = '') {
  if (whom === '') throw new Error('erase needs the e-mail address or the id of an account')
  const [user] = await database.sql(
    findUserToErase,
    validate(whom) ? { email: null, id: whom } : { email: whom, id: null },
  )
  if (!user)
    throw new Error('no account has this e-mail address or id. If a run was stopped, give the id that it logged')
  if (user.is_last_admin)
    throw new Error(
      'this is the last administrator in use: make somebody else one with `admin EMAIL`, then run this again',
    )
  const userId = user.id
  log.info({ userId }, 'erasing: if this is stopped, run it again with this id')
  const command = commandCause('erase')
  const cause = eventValues(command)
  const audit = auditValues(EVENTS.userAudited, command, aboutUser(Action.ACCOUNT_ERASED, userId))
  const tell = async () => (await database.sql(eraseUser, { userId, ...cause, ...audit }))[0]!
  const { erased_at: erasedAt } = await tell()
  await database.sql(deleteBelongings, { userId })
  while ((await database.sql(endFollows, { userId, ...cause }))[0]!.ended > 0);
  await eraseFromOutbox(database.sql, userId)
  try {
    const deleted = await withStreams(streams, log, async ({ untilHandled, deleteMentions }) => {
      await untilPublished(database.sql, userId)
      await untilHandled()
      // What was under way when the services heard of it first, they had with the name. Now nothing is.
      await tell()
      await untilPublished(database.sql, userId)
      await untilHandled()
      return deleteMentions(userId)
    })
    return { userId, erasedAt, wasErased: user.is_erased, deletedMessages: deleted }
  } catch (err) {
    throw new Error(
      `the account is erased, but other services and the streams may still have its names: run erase ${userId} again when NATS and all services are there`,
      { cause: err },
    )
  }
}

function untilPublished(sql: Sql, userId: string): Promise<void> {
  const subject = `${EVENTS.userErased.subject}.${userId}`
  return untilNothingMissing(async () => {
    const [found] = await sql(isPublished, { subject })
    return found!.is_published ? undefined : 'the user service does not publish: is it running?'
  }, PUBLISH_MS)
}
