import type { PublicCall } from '#chassis/grpc/call.ts'
import { license_TypeFromJSON } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import {
  type VerifyLicenseRequest,
  VerifyLicenseResponse,
  VerifyLicenseResponse_Reason as Reason,
} from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import { type VerifiedRow, verifyLicense as find } from '../db/licenses.ts'
import { hashOfLicenseKey, readLicenseKey } from '../license-key.ts'
import type { LicenseMisses } from '../license-misses.ts'

export const verifyLicense =
  (misses: LicenseMisses) =>
  async ({ licenseKey }: VerifyLicenseRequest, { sql, origin }: PublicCall): Promise<VerifyLicenseResponse> => {
    misses.check(origin.address)
    const key = readLicenseKey(licenseKey)
    const [row] = key === undefined ? [] : await sql(find, { keyHash: hashOfLicenseKey(key) })
    if (row) return toVerified(row)
    misses.add(origin.address)
    // The same for a key that is malformed, unknown or was replaced.
    return VerifyLicenseResponse.create()
  }

/** What the key of a licence is good for. */
export const toVerified = (row: VerifiedRow): VerifyLicenseResponse => ({
  valid: row.is_active,
  reason: reasonOf(row),
  licenseId: row.id,
  promptId: row.prompt_id,
  licenseType: license_TypeFromJSON(row.license_type),
  minVersion: row.min_version,
  maxVersion: row.max_version ?? undefined,
  expiresAt: row.expires_at ?? undefined,
})

function reasonOf({ is_active: isActive, revoked_at: revokedAt }: VerifiedRow): Reason {
  if (isActive) return Reason.UNSPECIFIED
  return revokedAt ? Reason.REVOKED : Reason.EXPIRED
}
