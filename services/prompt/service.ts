import type { ServiceDefinition } from '#chassis/define-service.ts'
import { config, type PromptConfig } from './config.ts'
import { createContext, type Deps } from './context.ts'
import { entities } from './db/entities.ts'
import { migrations } from './db/migrations/index.ts'
import { rankJob } from './db/ranks.ts'
import { services } from './rpc/index.ts'

/** The prompt service. */
export const promptService: ServiceDefinition<PromptConfig, Deps> = {
  name: 'prompt',
  config,
  schema: { entities, migrations },
  context: createContext,
  services,
  jobs: ({ database }) => [rankJob(database)],
}
