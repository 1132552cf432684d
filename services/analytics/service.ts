import { postgres } from '#chassis/db/postgres.ts'
import type { ServiceDefinition } from '#chassis/define-service.ts'
import { type AnalyticsConfig, config } from './config.ts'
import { createContext, type Deps } from './context.ts'
import { schema } from './db/schema.ts'
import { subscriptions } from './events/index.ts'
import { commands, partitionJob } from './partitions.ts'
import { services } from './rpc/index.ts'

/** The analytics service: it counts what the others tell. */
export const analyticsService: ServiceDefinition<AnalyticsConfig, Deps> = {
  name: 'analytics',
  config,
  store: postgres(schema),
  context: createContext,
  services,
  jobs: ({ database }) => [partitionJob(database)],
  subscriptions,
  commands,
}
