import { type MongoDatabase, mongo } from '#chassis/db/mongo.ts'
import type { ServiceDefinition } from '#chassis/define-service.ts'
import { config, type VersionConfig } from './config.ts'
import { createContext, type Deps } from './context.ts'
import { versionOutbox } from './db/outbox.ts'
import { schema } from './db/schema.ts'
import { subscriptions } from './events/index.ts'
import { services } from './rpc/index.ts'

/** The version service. */
export const versionService: ServiceDefinition<VersionConfig, Deps, MongoDatabase> = {
  name: 'version',
  config,
  store: mongo(schema),
  context: createContext,
  services,
  subscriptions,
  outbox: versionOutbox,
}
