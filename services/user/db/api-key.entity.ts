import { defineEntity, type InferEntity, p } from '@mikro-orm/postgresql'
import { User } from './user.entity.ts'

/** An API key: its first characters, and the SHA-256 of all of it. */
export const ApiKey = defineEntity({
  name: 'ApiKey',
  tableName: 'api_keys',
  properties: {
    id: p.uuid().primary(),
    user: () => p.manyToOne(User),
    name: p.string().length(100),
    prefix: p.string().length(11),
    hash: p.blob().unique(),
    scopes: p.array(),
    createdAt: p.datetime(3),
    expiresAt: p.datetime(3).nullable(),
    lastUsedAt: p.datetime(3).nullable(),
    revokedAt: p.datetime(3).nullable(),
  },
})

/** A row of it. */
export type ApiKeyRow = InferEntity<typeof ApiKey>
