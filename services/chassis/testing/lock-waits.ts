import type { TestDatabase } from './database.ts'
import { until } from './until.ts'

/** Waits until so many statements wait for locks in a database, of other tests' databases none. May be called in a transaction, which keeps what it has read of others otherwise. */
export const untilLockWaits = ({ query }: Pick<TestDatabase, 'query'>, count: number): Promise<unknown> =>
  until(`${count} that wait for a lock`, async () => {
    await query('select pg_stat_clear_snapshot()')
    const [found] = await query<{ count: number }>(
      `select count(*)::integer from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return found!.count === count
  })
