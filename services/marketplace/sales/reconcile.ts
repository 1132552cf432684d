import type { Cause } from '#chassis/cause.ts'
import { integer } from '#chassis/db/params.ts'
import { type Sql, statement } from '#chassis/db/statements.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'

/** Milliseconds between two looks. */
const EVERY_MS = 10_000

/** Transactions that are looked at in one go. */
const AT_ONCE = 50

/** A transaction that is not settled: its payment, or its refund. */
type DueRow = { id: string; status: 'PENDING' | 'COMPLETED' }

// The next check is put off before this one is made, so that replicas share the work and one that fails again and again is not in the way of others.
const takeDue = statement('take_due', { limit: integer })<DueRow>(
  (p) => `with due as (
    select id from transactions
    where (status = 'PENDING' or refund_state = 'REQUESTED') and next_check_at <= now()
    order by next_check_at
    limit ${p.limit}
    for update skip locked
  )
  update transactions t
  set checks = t.checks + 1, next_check_at = now() + least(interval '1 hour', interval '30 seconds' * 2 ^ least(t.checks, 10))
  from due where t.id = due.id
  returning t.id, t.status`,
)

/** What is done with a transaction that is due. */
export type Settle = Record<'payment' | 'refund', (id: string, cause: Cause) => Promise<unknown>>

/** Finds out, on every replica, what came of payments and refunds that whoever began them did not bring to an end. */
export const reconciler = (sql: Sql, settle: Settle, log: Logger): Job => ({
  name: 'settle payments and refunds',
  on: 'every replica',
  everyMs: EVERY_MS,
  run: async (signal, cause) => {
    for (;;) {
      const due = await sql(takeDue, { limit: AT_ONCE })
      for (const { id, status } of due) {
        if (signal.aborted) return
        const work = status === 'PENDING' ? settle.payment : settle.refund
        await work(id, cause).catch((err: unknown) => {
          log.warn({ transaction: id, err }, 'a transaction could not be settled yet: it is tried again')
        })
      }
      if (due.length < AT_ONCE) return
    }
  },
})
