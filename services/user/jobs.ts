import type { Job } from '#chassis/jobs.ts'
import { rotation } from '#chassis/signing/rotation.ts'
import type { Deps } from './context.ts'
import { deleteOldClosedAccounts, MARGIN_SECONDS } from './db/closed-accounts.ts'
import { deleteExpired } from './db/delete-expired.ts'

/** Milliseconds between two clean-ups. */
const CLEAN_UP_MS = 300_000

/** What this service does by itself. */
export const jobs = ({
  database,
  log,
  keys,
  tokens: { accessSeconds },
}: Pick<Deps, 'database' | 'log' | 'keys' | 'tokens'>): Job[] => [
  rotation(keys, log),
  {
    name: 'delete what has expired',
    on: 'one replica',
    everyMs: CLEAN_UP_MS,
    run: async (signal) => {
      await deleteExpired(database.sql, signal)
      await database.sql(deleteOldClosedAccounts, { seconds: accessSeconds + MARGIN_SECONDS })
    },
  },
]
