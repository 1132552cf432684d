import { bytea, integer, nullable, type SqlNames, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement, unprepared } from '#chassis/db/statements.ts'
import { MAX_ROWS } from '#chassis/page-token.ts'

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

// A licence whose time is over is not active, whether the expiry job has seen it or not.
const IS_ACTIVE = 'i.is_active and (i.expires_at is null or i.expires_at > now())'

/** Columns of LicenseRow, of `licenses i`. A licence whose time is over is not active. */
export const LICENSE = `i.id, i.transaction_id, i.prompt_id, i.buyer_id, i.seller_id, i.license_type, i.min_version, i.max_version,
  ${IS_ACTIVE} as is_active, i.created_at, i.expires_at, i.revoked_at, i.revoke_reason,
  i.license_key_hash, i.license_key_enc, i.secret_id, i.key_hint, i.revision`

/** A licence, whoever may see it. */
export const getLicense = statement('get_license', { id: uuid })<LicenseRow>(
  (p) => `select ${LICENSE} from licenses i where i.id = ${p.id}`,
)

/** The licence that a transaction has granted. */
export const getLicenseOf = statement('get_license_of', { transactionId: uuid })<LicenseRow>(
  (p) => `select ${LICENSE} from licenses i where i.transaction_id = ${p.transactionId}`,
)

/** The licence of a type that a buyer has of a prompt. It is active until the expiry job has seen that its time is over. */
export const getHeldLicense = statement('get_held_license', { buyerId: uuid, promptId: uuid, licenseType: text })<
  Pick<LicenseRow, 'id' | 'expires_at'>
>(
  (p) => `select id, expires_at from licenses
    where buyer_id = ${p.buyerId} and prompt_id = ${p.promptId} and license_type = ${p.licenseType} and is_active`,
)

/** What a key is good for; nothing of who has it. */
export type VerifiedRow = Pick<
  LicenseRow,
  'id' | 'prompt_id' | 'license_type' | 'min_version' | 'max_version' | 'expires_at' | 'is_active' | 'revoked_at'
>

/** The licence of a key, by the hash of that. */
export const verifyLicense = statement('verify_license', { keyHash: bytea })<VerifiedRow>(
  (
    p,
  ) => `select i.id, i.prompt_id, i.license_type, i.min_version, i.max_version, i.expires_at, ${IS_ACTIVE} as is_active, i.revoked_at
    from licenses i where i.license_key_hash = ${p.keyHash}`,
)

const asked = { userId: uuid, promptId: nullable(uuid), beforeTime: timestamptz, beforeId: uuid, limit: integer }

const pageOf = (p: SqlNames<typeof asked>, side: 'buyer_id' | 'seller_id') => `select * from (
    select ${LICENSE} from licenses i
    where i.${side} = ${p.userId} and (i.created_at, i.id) < (${p.beforeTime}, ${p.beforeId})
      and (${p.promptId} is null or i.prompt_id = ${p.promptId})
    order by i.created_at desc, i.id desc
    limit ${MAX_ROWS}
  ) longest limit ${p.limit}`

/**
 * A page of the licences that a user has bought, newest first. A `promptId` that is null leaves none out. Planned at each run: few users have
 * so many that they must not be sorted, and only the user and the prompt tell.
 */
export const listBought = unprepared(asked)<LicenseRow>((p) => pageOf(p, 'buyer_id'))

/** The same of those that a user has sold. */
export const listSold = unprepared(asked)<LicenseRow>((p) => pageOf(p, 'seller_id'))

/** A licence key as it is stored. */
type SealedKeyRow = Pick<LicenseRow, 'id' | 'secret_id' | 'license_key_enc'>

/**
 * Licences whose keys another secret than this one has encrypted, some at a time. Planned at each run: mostly there are none, which only the
 * index of the secrets tells, and after a change of the secret there are all.
 */
export const listSealedOtherwise = unprepared({ secretId: text, after: uuid })<SealedKeyRow>(
  (p) => `select id, secret_id, license_key_enc from licenses
    where (secret_id < ${p.secretId} or secret_id > ${p.secretId}) and id > ${p.after} order by id limit 100`,
)

/** Stores a key as another secret has encrypted it, unless the licence has another key meanwhile. */
export const resealKey = statement('reseal_key', { id: uuid, before: bytea, secretId: text, sealed: bytea })<object>(
  (p) => `update licenses set secret_id = ${p.secretId}, license_key_enc = ${p.sealed}
    where id = ${p.id} and license_key_enc = ${p.before} returning 1`,
)
