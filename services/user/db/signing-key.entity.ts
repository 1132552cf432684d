import { signingKeyEntity } from '#chassis/signing/table.ts'

/** A key for access tokens. */
export const SigningKey = signingKeyEntity('SigningKey', 'signing_keys')
