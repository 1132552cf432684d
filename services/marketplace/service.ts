import { postgres } from '#chassis/db/postgres.ts'
import type { ServiceDefinition } from '#chassis/define-service.ts'
import { config, type MarketplaceConfig } from './config.ts'
import { createContext, type Deps } from './context.ts'
import { resync } from './db/resync.ts'
import { schema } from './db/schema.ts'
import { subscriptions } from './events/index.ts'
import { recoveryOf } from './events/recovery.ts'
import { jobs } from './jobs.ts'
import { services } from './rpc/index.ts'

/** The marketplace service: listings, purchases, licences and the ledger. */
export const marketplaceService: ServiceDefinition<MarketplaceConfig, Deps> = {
  name: 'marketplace',
  config,
  store: postgres(schema),
  context: (base) => createContext(base),
  services,
  jobs,
  resync,
  recovery: recoveryOf,
  subscriptions,
  close: async ({ sales, payments }) => {
    await sales.close()
    await payments[Symbol.asyncDispose]()
  },
}
