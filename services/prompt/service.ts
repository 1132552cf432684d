import { postgres } from '#chassis/db/postgres.ts'
import type { ServiceDefinition } from '#chassis/define-service.ts'
import { config, type PromptConfig } from './config.ts'
import { createContext, type Deps } from './context.ts'
import { repairNames } from './db/authors.ts'
import { rankJob } from './db/ranks.ts'
import { searchJob } from './db/refresh-search.ts'
import { resync } from './db/resync.ts'
import { schema } from './db/schema.ts'
import { subscriptions } from './events/index.ts'
import { recoveryOf } from './events/recovery.ts'
import { services } from './rpc/index.ts'

/** The prompt service. */
export const promptService: ServiceDefinition<PromptConfig, Deps> = {
  name: 'prompt',
  config,
  store: postgres(schema),
  context: createContext,
  services,
  jobs: ({ database }) => [rankJob(database), repairNames(database.sql), searchJob(database.sql)],
  subscriptions,
  resync,
  recovery: recoveryOf,
  close: ({ views }) => views.close(),
}
