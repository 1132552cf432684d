import { postgres } from '#chassis/db/postgres.ts'
import type { ServiceDefinition } from '#chassis/define-service.ts'
import { commands } from './commands.ts'
import { type PostgresConfig, postgresSchema } from '#chassis/config.ts'
import { createContext, type Deps } from './context.ts'
import { schema } from './db/schema.ts'
import { subscriptions } from './events/index.ts'
import { jobs } from './jobs.ts'
import { services } from './rpc/index.ts'

/** The analytics service: it counts what the others tell. */
export const analyticsService: ServiceDefinition<PostgresConfig, Deps> = {
  name: 'analytics',
  nouns: ['analytics', 'audit'],
  config: postgresSchema('analytics', 50_056),
  store: postgres(schema),
  context: createContext,
  services,
  jobs,
  subscriptions,
  commands,
}
