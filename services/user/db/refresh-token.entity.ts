import { defineEntity, p } from '@mikro-orm/postgresql'
import { User } from './user.entity.ts'

/** A refresh token, by its SHA-256. All that descend from one sign-in are a family. */
export const RefreshToken = defineEntity({
  name: 'RefreshToken',
  tableName: 'refresh_tokens',
  properties: {
    id: p.uuid().primary(),
    familyId: p.uuid(),
    user: () => p.manyToOne(User),
    tokenHash: p.blob().unique(),
    issuedAt: p.datetime(3),
    expiresAt: p.datetime(3),
    rotatedAt: p.datetime(3).nullable(),
    revokedAt: p.datetime(3).nullable(),
  },
})
