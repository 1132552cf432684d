import { defineEntity, p } from '@mikro-orm/postgresql'
import { Transaction } from './transaction.entity.ts'

/**
 * A licence. `maxVersion` null means all later versions, `expiresAt` null for ever. `licenseKeyHash` is the SHA-256 of the key, `licenseKeyEnc` the key
 * encrypted by the secret `secretId`. `revokedBy` is who has written `revokeReason`, if somebody has. A licence whose time is over is active until the expiry job has seen it.
 */
export const License = defineEntity({
  name: 'License',
  tableName: 'licenses',
  properties: {
    id: p.uuid().primary(),
    transaction: () => p.oneToOne(Transaction).owner(),
    promptId: p.uuid(),
    buyerId: p.uuid(),
    licenseType: p.enum(['PERSONAL', 'COMMERCIAL']).columnType('varchar(20)'),
    expiresAt: p.datetime(3).nullable(),
    isActive: p.boolean().default(true),
    createdAt: p.datetime(3),
    sellerId: p.uuid(),
    minVersion: p.integer(),
    maxVersion: p.integer().nullable(),
    licenseKeyHash: p.blob(),
    licenseKeyEnc: p.blob(),
    secretId: p.string().length(16),
    keyHint: p.string().length(9),
    revokedAt: p.datetime(3).nullable(),
    revokeReason: p.text().nullable(),
    revokedBy: p.uuid().nullable(),
    revision: p.integer().default(1),
  },
})
