import type { JWK } from 'jose'
import { float8 } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/** A key of the published set. */
export type SigningKeyRow = {
  kid: string
  publicJwk: JWK
  privateKey: Buffer
  activeFrom: Date
  retiredAt: Date | null
}

/** The published keys, in the order in which they sign; with those that were retired less than some seconds ago. */
export const selectSigningKeys = statement('select_signing_keys', { seconds: float8 })<SigningKeyRow>(
  (
    p,
  ) => `select kid, public_jwk as "publicJwk", private_key as "privateKey", active_from as "activeFrom", retired_at as "retiredAt"
  from signing_keys
  where retired_at is null or retired_at > now() - ${p.seconds} * interval '1 second'
  order by active_from, kid`,
)
