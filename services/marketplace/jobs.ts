import type { Job } from '#chassis/jobs.ts'
import { rotation } from '#chassis/signing/rotation.ts'
import type { Deps } from './context.ts'

/** What this service does by itself. */
export const jobs = ({ sales, keys, log }: Pick<Deps, 'sales' | 'keys' | 'log'>): Job[] => [
  ...sales.jobs,
  rotation(keys.documents, log),
]
