import { lockInTransaction } from '#chassis/db/advisory-locks.ts'
import { createInTransaction } from '#chassis/db/idempotency.ts'
import { invalid } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { newId } from '#chassis/ids.ts'
import type { CreateProviderKeyRequest } from '#contracts/gen/promptforge/test/v1/provider_key_service.ts'
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
      async (em, _, createdAt) => {
        // Keys that are made at once are counted one after the other.
        await lockInTransaction(em, `provider keys of ${userId}`)
        checkRoomForKey(await em.count(ProviderKey, { userId, revokedAt: null }))
        const sealed = vault.seal(key, { userId, provider })
        return em.create(ProviderKey, { id, userId, provider, name, hint: hintOf(key), ...sealed, createdAt })
      },
      (earlierId) => call.em.findOneOrFail(ProviderKey, { id: earlierId, userId }),
    )
    return { providerKey: toProviderKey(made) }
  }

// The hash of a request is stored, and this request has a key, which may be so simple that trying finds it.
const withHashedRequest = ({ idempotencyKey, sql, transaction }: Call, vault: KeyVault) => ({
  sql,
  transaction,
  idempotencyKey: idempotencyKey && { ...idempotencyKey, requestHash: vault.hash(idempotencyKey.requestHash) },
})
