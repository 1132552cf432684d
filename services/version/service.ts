import { type MongoDatabase, mongo } from '#chassis/db/mongo.ts'
import { replayCommand, type ServiceDefinition } from '#chassis/define-service.ts'
import { backupCommands } from './backup/commands.ts'
import { config, type VersionConfig } from './config.ts'
import { createContext, type Deps } from './context.ts'
import { schema } from './db/schema.ts'
import { subscriptions } from './events/index.ts'
import { publishAudits } from './events/publish-audits.ts'
import { publishUnpublished } from './events/publish-unpublished.ts'
import { replay } from './events/replay.ts'
import { services } from './rpc/index.ts'

/** The version service. */
export const versionService: ServiceDefinition<VersionConfig, Deps, MongoDatabase> = {
  name: 'version',
  config,
  store: mongo(schema),
  context: createContext,
  services,
  subscriptions,
  jobs: (deps) => [publishUnpublished(deps), publishAudits(deps)],
  close: ({ comparer }) => comparer.close(),
  commands: (deps) => ({ ...replayCommand((since) => replay(deps, since)), ...backupCommands(deps) }),
}
