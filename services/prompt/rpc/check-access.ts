import { notFound } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { CheckAccessRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import * as db from '../db/check-access.ts'
import { accessTo, firstPublicVersion } from '../prompt.ts'

export const checkAccess = async ({ promptId }: CheckAccessRequest, { sql, caller }: PublicCall) => {
  const [row] = await sql(db.checkAccess, { promptId, readerId: caller?.userId ?? null })
  const access = row && accessTo(row, caller?.userId)
  if (!access) throw notFound('prompt')
  return {
    ownerId: row.user_id,
    headVersion: row.version,
    access,
    lastChangedAt: row.last_changed_at,
    resaleRestricted: row.forked_private,
    publicFromVersion: firstPublicVersion(row),
  }
}
