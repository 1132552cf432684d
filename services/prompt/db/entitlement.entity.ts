import { defineEntity, p } from '@mikro-orm/postgresql'

/** What a licence lets its buyer read: the marketplace's licences, as far as this service has heard of them. */
export const Entitlement = defineEntity({
  name: 'Entitlement',
  tableName: 'entitlements',
  properties: {
    licenseId: p.uuid().primary(),
    promptId: p.uuid(),
    userId: p.uuid(),
    licenseType: p.enum(['PERSONAL', 'COMMERCIAL']).columnType('varchar(20)'),
    minVersion: p.integer(),
    maxVersion: p.integer().nullable(),
    expiresAt: p.datetime(3).nullable(),
    active: p.boolean(),
    revision: p.integer(),
  },
})
