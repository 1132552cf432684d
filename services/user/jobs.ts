import type { Job } from '#chassis/jobs.ts'
import type { Deps } from './context.ts'
import { deleteOldClosedAccounts, MARGIN_SECONDS } from './db/closed-accounts.ts'
import { deleteExpired } from './db/delete-expired.ts'

/** Milliseconds between two looks at whether a signing key is due. */
const ROTATION_MS = 60_000

/** Milliseconds between two clean-ups. */
const CLEAN_UP_MS = 300_000

/** What this service does by itself. */
export const jobs = ({
  database,
  log,
  rotateKeys,
  tokens: { accessSeconds },
}: Pick<Deps, 'database' | 'log' | 'rotateKeys' | 'tokens'>): Job[] => [
  {
    name: 'rotate signing keys',
    on: 'one replica',
    everyMs: ROTATION_MS,
    run: async () => {
      for (const kid of await rotateKeys()) log.info({ kid }, 'published a new signing key')
    },
  },
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
