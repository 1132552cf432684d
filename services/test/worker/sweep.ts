import type { Cause } from '#chassis/cause.ts'
import type { Sql } from '#chassis/db/statements.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'
import { dispatchDue, giveUpLost, listLost, requeueLost } from '../db/sweep.ts'
import { isRefusal } from '../refusal.ts'

type Parts = { sql: Sql; defaultLimit: bigint; log: Logger }

/** Looks for what no worker will take up by itself: tests that are due and of which nobody was told, and those whose workers are lost. */
export const sweepTests = ({ sql, defaultLimit, log }: Parts): Job => ({
  name: 'sweep tests',
  on: 'every replica',
  everyMs: 5000,
  run: async (signal, cause) => {
    await sql(dispatchDue, eventValues(cause))
    for (const { id } of await sql(listLost, {})) {
      if (signal.aborted) return
      await recover({ sql, defaultLimit, log }, id, cause)
    }
  },
})

async function recover({ sql, defaultLimit, log }: Parts, id: string, cause: Cause) {
  const requeued = await sql(requeueLost, { id, defaultLimit, ...eventValues(cause) }).catch((error: unknown) => {
    if (isRefusal(error)) return []
    throw error
  })
  if (requeued.length > 0) return log.warn({ test: id }, 'the worker of a test was lost: it runs again')
  const ended = await sql(giveUpLost, { id, ...eventValues(cause) })
  if (ended.length > 0) log.error({ test: id }, 'the worker of a test was lost: the test has failed')
}
