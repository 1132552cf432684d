import type { Sql } from '#chassis/db/statements.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'
import { resealing } from '#chassis/reseal.ts'
import type { Vault } from '#chassis/vault.ts'
import { listSealedOtherwise, resealKey } from '../db/licenses.ts'
import { keyOf } from './licenses.ts'

/** Encrypts licence keys with the present secret. */
export const resealLicenseKeys = ({ sql, vault, log }: { sql: Sql; vault: Vault; log: Logger }): Job =>
  resealing({
    what: 'licence keys',
    list: (after) => sql(listSealedOtherwise, { secretId: vault.secretId, after }),
    open: (row) => keyOf(row, vault),
    store: ({ id, license_key_enc: before }, key) => sql(resealKey, { id, before, ...vault.seal(key, id) }),
    log,
  })
