import { signingKeyEntity } from '#chassis/signing/table.ts'

/** A key for licence documents. */
export const LicenseSigningKey = signingKeyEntity('LicenseSigningKey', 'license_signing_keys')
