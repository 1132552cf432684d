import { changesOf } from '#chassis/audit.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { newId } from '#chassis/ids.ts'
import { policy_ScopeToJSON } from '#contracts/gen/promptforge/access/v1/access.ts'
import type { CreateApiKeyRequest } from '#contracts/gen/promptforge/auth/v1/api_key_service.ts'
import { EVENTS } from '#contracts/events.ts'
import { AuditEntry_Action as Action } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { aboutApiKey } from '../audited.ts'
import { checkRoomForKey, makeApiKey, prefixOf } from '../api-keys.ts'
import type { Deps } from '../context.ts'
import { activeUserToChange } from '../db/active-user-to-change.ts'
import { ApiKey } from '../db/api-key.entity.ts'
import { hashOfToken } from '../sessions.ts'
import { toApiKey } from './view.ts'

export const createApiKey =
  ({ log }: Pick<Deps, 'log'>) =>
  async ({ name, scopes, expiresAt }: CreateApiKeyRequest, { caller, transaction }: Call) => {
    const key = makeApiKey()
    const made = await transaction(async (em, emit, now) => {
      // Locked, so that keys that are made at once are counted one after the other.
      const user = await activeUserToChange(em, caller.userId)
      const isActive = { user, revokedAt: null, $or: [{ expiresAt: null }, { expiresAt: { $gt: now } }] }
      checkRoomForKey(await em.count(ApiKey, isActive))
      const created = em.create(ApiKey, {
        id: newId(),
        user,
        name,
        prefix: prefixOf(key),
        hash: hashOfToken(key),
        scopes: scopes.map(policy_ScopeToJSON),
        createdAt: now,
        expiresAt: expiresAt ?? null,
      })
      const changes = changesOf({ scopes: ['', created.scopes.join(', ')], expires_at: ['', expiresAt] })
      emit.audit(EVENTS.userAudited, aboutApiKey(Action.API_KEY_CREATED, created, changes))
      return created
    })
    log.info({ userId: caller.userId, keyId: made.id, prefix: made.prefix, scopes: made.scopes }, 'an API key was made')
    return { apiKey: toApiKey(made), key }
  }
