import type { Job } from '#chassis/jobs.ts'
import { rotation } from '#chassis/signing/rotation.ts'
import type { Deps } from './context.ts'
import { expiry } from './sales/expire.ts'
import { resealLicenseKeys } from './sales/reseal-license-keys.ts'

/** What this service does by itself. */
export const jobs = ({ database, sales, keys, log }: Pick<Deps, 'database' | 'sales' | 'keys' | 'log'>): Job[] => [
  ...sales.jobs,
  expiry(database),
  resealLicenseKeys({ sql: database.sql, vault: keys.vault, log }),
  rotation(keys.documents, log),
]
