import { LockMode } from '@mikro-orm/postgresql'
import type { Cause } from '#chassis/cause.ts'
import type { Database } from '#chassis/db/orm.ts'
import { integer, timestamptz } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { Job } from '#chassis/jobs.ts'
import { Transaction } from '../db/transaction.entity.ts'
import { release, RELEASE_AFTER } from '../transaction.ts'
import { storePosting } from './store-posting.ts'
import { applyChanges, rulesOf } from './transaction-to-change.ts'

/** Milliseconds between two runs. */
const EVERY_MS = 60_000

/** Sales that are released in one database transaction. */
const AT_ONCE = 50

const findUnreleased = statement('find_unreleased', { completedBefore: timestamptz, limit: integer })<{ id: string }>(
  (p) => `select id from transactions
    where status = 'COMPLETED' and released_at is null and (refund_state is null or refund_state = 'FAILED')
      and (dispute_state is null or dispute_state = 'WON') and completed_at <= ${p.completedBefore}
    order by completed_at
    limit ${p.limit}`,
)

/** Releases the money of sales that are old enough. One that somebody else changes just now is left for the next run. */
export const releaser = (database: Pick<Database, 'sql' | 'transaction'>): Job => ({
  name: 'release sales',
  on: 'one replica',
  everyMs: EVERY_MS,
  run: async (signal, cause) => {
    let released = Infinity
    while (released > 0 && !signal.aborted) released = await releaseSome(database, cause)
  },
})

/** Releases a batch. Answers with how many of it were released: 0 when nothing is left to do. */
async function releaseSome({ sql, transaction }: Pick<Database, 'sql' | 'transaction'>, cause: Cause): Promise<number> {
  const completedBefore = new Date(Date.now() - RELEASE_AFTER)
  const due = await sql(findUnreleased, { completedBefore, limit: AT_ONCE })
  if (due.length === 0) return 0
  return transaction(cause, async (em, _emit, now) => {
    const free = await em.find(
      Transaction,
      { id: { $in: due.map(({ id }) => id) } },
      // By seller, so that two replicas lock balances in the same order.
      { lockMode: LockMode.PESSIMISTIC_PARTIAL_WRITE, orderBy: { sellerId: 'asc', currency: 'asc' } },
    )
    let released = 0
    for (const tx of free) {
      const decision = release(rulesOf(tx), now)
      if (decision.refusal) continue
      applyChanges(tx, decision.changes)
      await storePosting(em, decision.posting!, tx, now)
      // A balance is read again for the next one.
      await em.flush()
      released += 1
    }
    return released
  })
}
