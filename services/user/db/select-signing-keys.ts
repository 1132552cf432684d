import type { JWK } from 'jose'
import { statement } from '#chassis/db/statements.ts'

/** A key of the published set. */
export type SigningKeyRow = { kid: string; public_jwk: JWK; private_key: Buffer; active_from: Date }

/** The published keys, in the order in which they sign. */
export const selectSigningKeys = statement(
  'select_signing_keys',
  {},
)<SigningKeyRow>(
  () => `select kid, public_jwk, private_key, active_from from signing_keys
  where retired_at is null or retired_at > now()
  order by active_from, kid`,
)
