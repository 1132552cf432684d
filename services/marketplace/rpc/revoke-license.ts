import { LockMode } from '@mikro-orm/postgresql'
import { nothingToAudit } from '#chassis/audit.ts'
import { notFound } from '#chassis/errors.ts'
import { isAdmin } from '#chassis/grpc/access.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { RevokeLicenseRequest } from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import { LicenseRevoked_Reason as Reason } from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import type { Deps } from '../context.ts'
import { License } from '../db/license.entity.ts'
import { getLicense } from '../db/licenses.ts'
import { isRevoked } from '../license.ts'
import { revokeLicense as revoke } from '../sales/licenses.ts'
import { tellPromptService } from '../sales/tell-prompt-service.ts'
import { toLicense } from './view.ts'

export const revokeLicense = ({ remote, log }: Pick<Deps, 'remote' | 'log'>) => {
  const tell = tellPromptService(remote.access, log)
  return async ({ licenseId: id, reason }: RevokeLicenseRequest, call: Call) => {
    const { userId } = call.caller
    const [found] = await call.sql(getLicense, { id })
    if (!found || (found.seller_id !== userId && !(await isAdmin(call)))) throw notFound('license')
    const revoked = await call.transaction(async (em, emit, now) => {
      const license = await em.findOneOrFail(License, id, { lockMode: LockMode.PESSIMISTIC_WRITE })
      if (isRevoked(license, now)) {
        nothingToAudit(call)
        return undefined
      }
      revoke(emit, license, Reason.REVOKED, reason, now)
      license.revokedBy = userId
      return license
    })
    if (revoked) await tell(revoked, call.origin)
    const [row] = await call.sql(getLicense, { id })
    return { license: toLicense(row!) }
  }
}
