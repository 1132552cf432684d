import type { Job } from '../jobs.ts'
import type { Logger } from '../logger.ts'
import type { KeyRing } from './key-ring.ts'

/** Milliseconds between two looks at whether a signing key is due. */
const ROTATION_MS = 60_000

/** The job that makes the signing keys that are due: a service on PostgreSQL that has a key ring names it among its jobs. */
export const rotation = (keys: Pick<KeyRing, 'rotate'>, log: Logger): Job => ({
  name: 'rotate signing keys',
  on: 'one replica',
  everyMs: ROTATION_MS,
  run: async () => {
    for (const kid of await keys.rotate()) log.info({ kid }, 'published a new signing key')
  },
})
