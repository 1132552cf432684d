import type { Database } from '#chassis/db/orm.ts'
import { createKeyRing, type KeyRing } from '#chassis/signing/key-ring.ts'
import { LicenseSigningKey } from './db/license-signing-key.entity.ts'
import { LICENSE_DOCUMENT_SECONDS } from './license-document.ts'

/** Part of what encrypts them, so it never changes. */
const PURPOSE = 'promptforge licence signing keys'

/** What the configuration says of the keys: the secret that encrypts their private halves, how long each signs, how long the set may be cached. */
export type LicenseKeySettings = { secret: string; rotationSeconds: number; cacheSeconds: number }

/** The keys that sign licence documents, which are never those of access tokens. A key stays public until its last document has expired. */
export const createLicenseKeys = (
  database: Pick<Database, 'sql' | 'fork'>,
  { secret, rotationSeconds, cacheSeconds }: LicenseKeySettings,
): KeyRing =>
  createKeyRing({
    database,
    table: LicenseSigningKey,
    secret,
    secretName: 'PF_LICENSE_SIGNING_KEY_SECRET',
    purpose: PURPOSE,
    times: { rotationSeconds, cacheSeconds, validSeconds: LICENSE_DOCUMENT_SECONDS },
  })
