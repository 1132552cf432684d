import type { Received } from '#chassis/events/envelope.ts'
import type { Sql } from '#chassis/db/statements.ts'
import type { LicenseGranted, LicenseRevoked } from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import { applyEntitlement } from '../db/entitlements.ts'
import { entitlementRow } from '../entitlement.ts'

/** Both facts: `active` says which. The revision makes it idempotent, so that it needs no inbox. */
export const onLicenseChanged =
  (sql: Sql) =>
  ({ payload: { entitlement } }: Received<LicenseGranted | LicenseRevoked>) =>
    sql(applyEntitlement, entitlementRow(entitlement!))
