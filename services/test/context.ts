import type { Database } from '#chassis/db/orm.ts'
import type { Base } from '#chassis/define-service.ts'
import { createStub, type Stub } from '#chassis/grpc/client.ts'
import type { Logger } from '#chassis/logger.ts'
import type { PageTokens } from '#chassis/page-token.ts'
import { askPrompt, type ReadableVersions } from '#chassis/prompt-access.ts'
import { LabelServiceService } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { type Admission, createAdmission } from './admission.ts'
import type { TestConfig } from './config.ts'
import { loadModels, type Models } from './models.ts'
import { createWorker, type Worker } from './worker/worker.ts'

/** What handlers, jobs and queues of this service need beside the call; each takes the part that it uses. */
export type Deps = {
  config: TestConfig
  database: Database
  log: Logger
  pageTokens: PageTokens
  models: Models
  admission: Admission
  worker: Worker
  /** The other services, which are asked with the caller's token. */
  remote: {
    readableVersions: ReadableVersions
    versions: Pick<Stub<typeof VersionServiceService>, 'getVersion'>
    labels: Pick<Stub<typeof LabelServiceService>, 'getLabel'>
  }
}

/** Makes the context of one service. Throws when the operator's files are not as they should be. */
export function createContext({ config, database, pageTokens, log, metrics, openChannel }: Base<TestConfig>): Deps {
  const models = loadModels(config.providersFile, config.providerKeysFile)
  const version = openChannel('version', config.versionService)
  return {
    config,
    database,
    log,
    pageTokens,
    models,
    admission: createAdmission(database.sql, BigInt(config.budget.defaultMicros)),
    worker: createWorker({ sql: database.sql, models, log, registry: metrics.registry }),
    remote: {
      readableVersions: askPrompt(openChannel('prompt', config.promptService)),
      versions: createStub(version, VersionServiceService),
      labels: createStub(version, LabelServiceService),
    },
  }
}
