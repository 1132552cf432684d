import { LockMode } from '@mikro-orm/postgresql'
import { changesOf } from '#chassis/audit.ts'
import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { RevokeApiKeyRequest } from '#contracts/gen/promptforge/auth/v1/api_key_service.ts'
import { EVENTS } from '#contracts/events.ts'
import { AuditEntry_Action as Action } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { aboutApiKey } from '../audited.ts'
import type { Deps } from '../context.ts'
import { ApiKey } from '../db/api-key.entity.ts'
import { toApiKey } from './view.ts'

export const revokeApiKey =
  ({ log }: Pick<Deps, 'log'>) =>
  async ({ keyId }: RevokeApiKeyRequest, { caller: { userId }, transaction }: Call) => {
    const key = await transaction(async (em, emit, now) => {
      const own = { id: keyId, user: userId }
      const found = await em.findOne(ApiKey, own, { lockMode: LockMode.PESSIMISTIC_WRITE })
      if (!found) throw notFound('API key')
      const { revokedAt: before } = found
      found.revokedAt ??= now
      const changes = changesOf({ revoked_at: [before, found.revokedAt] })
      emit.audit(EVENTS.userAudited, aboutApiKey(Action.API_KEY_REVOKED, found, changes))
      return found
    })
    log.info({ userId, keyId, prefix: key.prefix, revokedAt: key.revokedAt }, 'an API key is revoked')
    return { apiKey: toApiKey(key) }
  }
