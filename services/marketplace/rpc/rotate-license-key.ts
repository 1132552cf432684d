import { LockMode } from '@mikro-orm/postgresql'
import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import { AuditEntry_Action as Action } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import type { RotateLicenseKeyRequest } from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import { aboutLicense } from '../audited.ts'
import type { Deps } from '../context.ts'
import { License } from '../db/license.entity.ts'
import { getLicense } from '../db/licenses.ts'
import { checkRotation } from '../license.ts'
import { keyOf, newKey } from '../sales/licenses.ts'
import { toLicense } from './view.ts'

export const rotateLicenseKey =
  ({ keys: { vault } }: Pick<Deps, 'keys'>) =>
  async ({ licenseId: id }: RotateLicenseKeyRequest, call: Call) => {
    await call.transaction(async (em, emit, now) => {
      const mine = { id, buyerId: call.caller.userId }
      const license = await em.findOne(License, mine, { lockMode: LockMode.PESSIMISTIC_WRITE })
      if (!license) throw notFound('license')
      checkRotation(license, now)
      const { keyHint: before } = license
      Object.assign(license, newKey(id, vault))
      const changed = { key_hint: [before, license.keyHint] } as const
      emit.audit(EVENTS.marketplaceAudited, aboutLicense(Action.LICENSE_KEY_ROTATED, license, changed))
      license.revision += 1
    })
    const [row] = await call.sql(getLicense, { id })
    return { license: toLicense(row!), licenseKey: keyOf(row!, vault) }
  }
