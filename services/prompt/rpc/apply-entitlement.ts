import type { PublicCall } from '#chassis/grpc/call.ts'
import type { ApplyEntitlementRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import * as db from '../db/entitlements.ts'
import { entitlementRow } from '../entitlement.ts'

export const applyEntitlement = async ({ entitlement }: ApplyEntitlementRequest, { sql }: PublicCall) => {
  await sql(db.applyEntitlement, entitlementRow(entitlement!))
  return {}
}
