import { LockMode } from '@mikro-orm/postgresql'
import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import { AuditEntry_Action as Action } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import type { RevokeProviderKeyRequest } from '#contracts/gen/promptforge/test/v1/provider_key_service.ts'
import { aboutProviderKey } from '../audited.ts'
import { ProviderKey } from '../db/provider-key.entity.ts'
import { toProviderKey } from './view.ts'

// Of the key only its name and hint are left, so that the tests that were run with it can say so.
export const revokeProviderKey = async ({ keyId: id }: RevokeProviderKeyRequest, { caller, transaction }: Call) => {
  const key = await transaction(async (em, emit, now) => {
    const own = { id, userId: caller.userId }
    const found = await em.findOne(ProviderKey, own, { lockMode: LockMode.PESSIMISTIC_WRITE })
    if (!found) throw notFound('provider key')
    const { revokedAt: before } = found
    found.revokedAt ??= now
    const changed = { revoked_at: [before, found.revokedAt] } as const
    emit.audit(EVENTS.testAudited, aboutProviderKey(Action.PROVIDER_KEY_REVOKED, found, changed))
    found.secretId = null
    found.sealed = null
    return found
  })
  return { providerKey: toProviderKey(key) }
}
