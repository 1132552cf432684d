import type { Database } from '#chassis/db/orm.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'
import { listWrongBalances } from '../db/check-ledger.ts'
import type { SalesMetrics } from './metrics.ts'

/** Milliseconds between two counts: each reads the whole ledger. */
const EVERY_MS = 3_600_000

/** Wrong balances that are logged. */
const LOGGED = 10

/** Counts the ledger again and compares it with the balances, at the start and every hour. */
export const checkLedger = (
  { maintain }: Pick<Database, 'maintain'>,
  { ledgerCounted }: Pick<SalesMetrics, 'ledgerCounted'>,
  log: Logger,
): Job => ({
  name: 'check ledger',
  on: 'one replica',
  everyMs: EVERY_MS,
  run: async () => {
    const wrong = await maintain((sql) => sql(listWrongBalances, { limit: LOGGED }))
    const count = wrong[0]?.count ?? 0
    ledgerCounted(count)
    if (count === 0) return
    const balances = wrong.map(({ seller_id: seller, currency }) => ({ seller, currency }))
    log.error(
      { count, balances },
      'balances of sellers are not what the ledger sums to: pay nothing out before it is known why',
    )
  },
})
