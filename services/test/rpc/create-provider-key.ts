import { lockInTransaction } from '#chassis/db/advisory-locks.ts'
import { createInTransaction } from '#chassis/db/idempotency.ts'
import { invalid } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { newId } from '#chassis/ids.ts'
import { EVENTS } from '#contracts/events.ts'
import { AuditEntry_Action as Action } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import type { CreateProviderKeyRequest } from '#contracts/gen/promptforge/test/v1/provider_key_service.ts'
import { aboutProviderKey } from '../audited.ts'
import type { Deps } from '../context.ts'
import { ProviderKey } from '../db/provider-key.entity.ts'
import type { KeyVault } from '../key-vault.ts'
import { checkRoomForKey, hintOf } from '../provider-keys.ts'
import { toProviderKey } from './view.ts'

export const createProviderKey =
  ({ models, vault }: Pick<Deps, 'models' | 'vault'>) =>
  async ({ provider, name, key }: CreateProviderKeyRequest, call: Call) => {
    const { userId } = call.caller
    if (!models.all.some((model) => model.provider === provider))
      throw invalid([{ field: 'provider', description: 'is not a provider of the operator’s: see ListModels' }])
    const id = newId()
    const made = await createInTransaction(
      withHashedRequest(call, vault),
      id,
      async (em, emit, createdAt) => {
        // Keys that are made at once are counted one after the other.
        await lockInTransaction(em, `provider keys of ${userId}`)
        checkRoomForKey(await em.count(ProviderKey, { userId, revokedAt: null }))
        const sealed = vault.seal(key, { userId, provider })
        emit.audit(EVENTS.testAudited, aboutProviderKey(Action.PROVIDER_KEY_CREATED, { id, userId, provider }, {}))
        return em.create(ProviderKey, { id, userId, provider, name, hint: hintOf(key), ...sealed, createdAt })
      },
      (earlierId) => call.em.findOneOrFail(ProviderKey, { id: earlierId, userId }),
    )
    return { providerKey: toProviderKey(made) }
  }

// The hash of a request is stored, and this request has a key, which may be so simple that trying finds it.
const withHashedRequest = ({ idempotencyKey, origin, sql, transaction }: Call, vault: KeyVault) => ({
  origin,
  sql,
  transaction,
  idempotencyKey: idempotencyKey && { ...idempotencyKey, requestHash: vault.hash(idempotencyKey.requestHash) },
})
