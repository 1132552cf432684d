import type { TestDatabase } from './database.ts'
import { until } from './until.ts'

/**
 * Runs `work` while a transaction has the locks that an SQL statement takes; what that has written is taken back. `waiters` waits until so many
 * statements wait for locks.
 */
export async function whileLocked(
  database: Pick<TestDatabase, 'query'>,
  [text, values]: [text: string, values?: unknown[]],
  work: (waiters: (count: number) => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  const { query } = database
  await query('begin')
  try {
    await query(text, values)
    await work((count) => untilLockWaits(database, count))
  } finally {
    await query('rollback')
  }
}

/** Waits until so many statements wait for locks in a database, of other tests' databases none. May be called in a transaction, which keeps what it has read of others otherwise. */
export const untilLockWaits = ({ query }: Pick<TestDatabase, 'query'>, count: number): Promise<unknown> =>
  until(`${count} that wait for a lock`, async () => {
    await query('select pg_stat_clear_snapshot()')
    const [found] = await query<{ count: number }>(
      `select count(*)::integer from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return found!.count === count
  })
