import type { Sql } from '#chassis/db/statements.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'
import { resealing } from '#chassis/reseal.ts'
import { listSealedOtherwise, resealKey } from '../db/provider-keys.ts'
import type { KeyVault } from '../key-vault.ts'

/** Encrypts users' own keys of providers with the present secret. */
export const resealKeys = ({ sql, vault, log }: { sql: Sql; vault: KeyVault; log: Logger }): Job =>
  resealing({
    what: 'keys of providers',
    list: (after) => sql(listSealedOtherwise, { secretId: vault.secretId, after }),
    open: ({ secret_id: secretId, sealed, ...row }) => vault.open({ secretId, sealed }, ownerOf(row)),
    store: ({ id, secret_id: before, ...row }, key) => sql(resealKey, { id, before, ...vault.seal(key, ownerOf(row)) }),
    log,
  })

const ownerOf = ({ user_id: userId, provider }: { user_id: string; provider: string }) => ({ userId, provider })
