import { uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/** A licence with its key, encrypted. */
export type LicenseRow = {
  id: string
  transaction_id: string
  prompt_id: string
  buyer_id: string
  seller_id: string
  license_type: 'PERSONAL' | 'COMMERCIAL'
  min_version: number
  max_version: number | null
  is_active: boolean
  created_at: Date
  expires_at: Date | null
  revoked_at: Date | null
  revoke_reason: string | null
  license_key_hash: Buffer
  license_key_enc: Buffer
  secret_id: string
  key_hint: string
  revision: number
}

/** Columns of LicenseRow, of `licenses i`. A licence whose time is over is not active, whether the expiry job has seen it or not. */
export const LICENSE = `i.id, i.transaction_id, i.prompt_id, i.buyer_id, i.seller_id, i.license_type, i.min_version, i.max_version,
  i.is_active and (i.expires_at is null or i.expires_at > now()) as is_active, i.created_at, i.expires_at, i.revoked_at, i.revoke_reason,
  i.license_key_hash, i.license_key_enc, i.secret_id, i.key_hint, i.revision`

/** A licence, whoever may see it. */
export const getLicense = statement('get_license', { id: uuid })<LicenseRow>(
  (p) => `select ${LICENSE} from licenses i where i.id = ${p.id}`,
)

/** The licence that a transaction has granted. */
export const getLicenseOf = statement('get_license_of', { transactionId: uuid })<LicenseRow>(
  (p) => `select ${LICENSE} from licenses i where i.transaction_id = ${p.transactionId}`,
)
