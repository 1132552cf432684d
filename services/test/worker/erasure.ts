import type { Cause } from '#chassis/cause.ts'
import type { Sql, Statement } from '#chassis/db/statements.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import { LAST_ID } from '#chassis/ids.ts'
import type { Job } from '#chassis/jobs.ts'
import * as db from '../db/erase-user.ts'

/**
 * Erases a user who was erased in the user service: cancels what has not ended, and takes all texts, in statements of less than a second each.
 * It may be done again, and goes on where another was killed.
 */
export async function eraseUser(sql: Sql, userId: string, cause: Cause): Promise<void> {
  await sql(db.rememberErased, { userId })
  await eraseSince(sql, { userId, since: '-infinity' }, cause)
}

/** Erases again what users store who were erased not long ago: by an access token that is valid still, or a call that was under way. */
export const eraseAgain = ({ sql }: { sql: Sql }): Job => ({
  name: 'erase again',
  on: 'one replica',
  everyMs: 60_000,
  run: async (signal, cause) => {
    for (const { user_id: userId, since } of await sql(db.listErased, {})) {
      if (signal.aborted) return
      await eraseSince(sql, { userId, since }, cause)
      await sql(db.forgetErased, { userId })
    }
  },
})

/** Erases a user's tests since a time, and all else. */
async function eraseSince(sql: Sql, { userId, since }: { userId: string; since: Date | string }, cause: Cause) {
  await untilDone(() => sql(db.cancelAllTests, { userId, ...eventValues(cause) }))
  const all = (statement: Statement<{ userId: string }, object>) => untilDone(() => sql(statement, { userId }))
  await all(db.eraseKeys)
  await all(db.deleteSuites)
  await all(db.eraseSuites)
  await all(db.eraseRuns)
  await all(db.deleteComparisons)
  await sql(db.deleteLimit, { userId })
  await eraseTests(sql, { userId, since })
}

async function eraseTests(sql: Sql, asked: { userId: string; since: Date | string }) {
  let before: { beforeTime: Date | string; beforeId: string } | undefined = {
    beforeTime: 'infinity',
    beforeId: LAST_ID,
  }
  while (before) {
    const [last]: { id: string; created_at: Date }[] = await sql(db.eraseTests, { ...asked, ...before })
    before = last && { beforeTime: last.created_at, beforeId: last.id }
  }
}

async function untilDone(change: () => Promise<unknown[]>) {
  while ((await change()).length > 0);
}
