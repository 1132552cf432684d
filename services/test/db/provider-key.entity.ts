import { defineEntity, type InferEntity, p } from '@mikro-orm/postgresql'

/** A user's own key of a provider, encrypted: see `key-vault.ts`. Of a revoked one neither `sealed` nor `secretId` is left. */
export const ProviderKey = defineEntity({
  name: 'ProviderKey',
  tableName: 'provider_keys',
  properties: {
    id: p.uuid().primary(),
    userId: p.uuid(),
    provider: p.string().length(50),
    name: p.string().length(100),
    hint: p.string().length(4),
    secretId: p.string().length(16).nullable(),
    sealed: p.blob().nullable(),
    createdAt: p.datetime(3),
    revokedAt: p.datetime(3).nullable(),
  },
})

/** A row of it. */
export type ProviderKeyRow = InferEntity<typeof ProviderKey>
