import type { Sql } from '#chassis/db/statements.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Logger } from '#chassis/logger.ts'
import { listSealedOtherwise, resealKey } from '../db/provider-keys.ts'
import type { KeyVault } from '../key-vault.ts'

const NIL = '00000000-0000-0000-0000-000000000000'

/** Encrypts keys with the present secret that a former one has encrypted, so that that one can be removed. */
export const resealKeys = ({ sql, vault, log }: { sql: Sql; vault: KeyVault; log: Logger }): Job => ({
  name: 'encrypt keys with the present secret',
  on: 'one replica',
  everyMs: 600_000,
  run: async (signal) => {
    const { secretId } = vault
    let after = NIL
    let [changed, unopened] = [0, 0]
    while (!signal.aborted) {
      const rows = await sql(listSealedOtherwise, { secretId, after })
      for (const { id, user_id: userId, provider, secret_id: before, sealed } of rows) {
        const owner = { userId, provider }
        const key = opened(() => vault.open({ secretId: before, sealed }, owner))
        if (key === undefined) unopened += 1
        else changed += (await sql(resealKey, { id, before, ...vault.seal(key, owner) })).length
        after = id
      }
      if (rows.length === 0) break
    }
    if (changed > 0) log.info({ changed }, 'keys of providers are encrypted with the present secret')
    if (unopened > 0) log.error({ unopened }, 'keys of providers cannot be decrypted: their secret is not configured')
  },
})

function opened(open: () => string): string | undefined {
  try {
    return open()
  } catch {
    return undefined
  }
}
