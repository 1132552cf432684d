import { LockMode } from '@mikro-orm/postgresql'
import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { RevokeApiKeyRequest } from '#contracts/gen/promptforge/auth/v1/api_key_service.ts'
import type { Deps } from '../context.ts'
import { ApiKey } from '../db/api-key.entity.ts'
import { toApiKey } from './view.ts'

export const revokeApiKey =
  ({ log }: Pick<Deps, 'log'>) =>
  async ({ keyId }: RevokeApiKeyRequest, { caller: { userId }, transaction }: Call) => {
    const key = await transaction(async (em, _, now) => {
      const own = { id: keyId, user: userId }
      const found = await em.findOne(ApiKey, own, { lockMode: LockMode.PESSIMISTIC_WRITE })
      if (!found) throw notFound('API key')
      found.revokedAt ??= now
      return found
    })
    log.info({ userId, keyId, prefix: key.prefix, revokedAt: key.revokedAt }, 'an API key is revoked')
    return { apiKey: toApiKey(key) }
  }
