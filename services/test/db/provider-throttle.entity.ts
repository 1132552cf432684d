import { defineEntity, p } from '@mikro-orm/postgresql'

/** Until when a provider has asked to be left alone, by all replicas; one row for each lane whose provider ever has. Lane `byok` has none. */
export const ProviderThrottle = defineEntity({
  name: 'ProviderThrottle',
  tableName: 'provider_throttles',
  properties: {
    lane: p.string().length(50).primary(),
    until: p.datetime(3),
  },
})
