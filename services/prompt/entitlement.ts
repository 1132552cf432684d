import { invalid } from '#chassis/errors.ts'
import { type Entitlement, license_TypeToJSON } from '#contracts/gen/promptforge/marketplace/v1/license.ts'

/** What a licence unlocks, as it is stored. Throws INVALID_ARGUMENT when its last version is before its first. */
export function entitlementRow({ licenseType, maxVersion, expiresAt, revision, ...rest }: Entitlement) {
  if (maxVersion !== undefined && maxVersion < rest.minVersion) {
    throw invalid([{ field: 'entitlement.max_version', description: 'must not be below min_version' }])
  }
  return {
    ...rest,
    licenseType: license_TypeToJSON(licenseType),
    maxVersion: maxVersion ?? null,
    expiresAt: expiresAt ?? null,
    revision: Number(revision),
  }
}
