import { splitSecrets } from '#chassis/config.ts'
import type { Base } from '#chassis/define-service.ts'
import { createStub, type Stub } from '#chassis/grpc/client.ts'
import type { PageTokens } from '#chassis/page-token.ts'
import { askPrompt, type ReadableVersions } from '#chassis/prompt-access.ts'
import { LabelServiceService } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { type Admission, createAdmission } from './admission.ts'
import type { TestConfig } from './config.ts'
import { createKeyVault, type KeyVault } from './key-vault.ts'
import { loadModels, type Models } from './models.ts'
import { queueGauges } from './queue-metrics.ts'
import { createSuites, type Suites } from './suites.ts'
import { createWatches, type Watches } from './watches.ts'
import { createWorker, type Worker } from './worker/worker.ts'

/** What handlers, jobs and queues of this service need beside the call; each takes the part that it uses. */
export type Deps = {
  pageTokens: PageTokens
  models: Models
  vault: KeyVault
  admission: Admission
  worker: Worker
  suites: Suites
  watches: Watches
  /** The other services, which are asked with the caller's token. */
  remote: {
    readableVersions: ReadableVersions
    versions: Pick<Stub<typeof VersionServiceService>, 'getVersion'>
    labels: Pick<Stub<typeof LabelServiceService>, 'getLabel'>
  }
}

/** Makes the context of one service. Throws when the operator's files are not as they should be. */
export function createContext({
  config,
  database,
  pageTokens,
  log,
  metrics,
  live,
  openChannel,
}: Base<TestConfig>): Deps {
  const { sql } = database
  queueGauges(metrics.registry, sql)
  const vault = createKeyVault([config.ownKeys.secret, ...splitSecrets(config.ownKeys.formerSecrets)])
  const models = loadModels(config.providersFile, config.providerKeysFile)
  const suites = createSuites(database, log)
  const version = openChannel('version', config.versionService)
  return {
    pageTokens,
    models,
    vault,
    admission: createAdmission(sql, config.budget),
    worker: createWorker({ sql, models, vault, suites, live, config, log, registry: metrics.registry }),
    suites,
    watches: createWatches({ live, sql, log }),
    remote: {
      readableVersions: askPrompt(openChannel('prompt', config.promptService)),
      versions: createStub(version, VersionServiceService),
      labels: createStub(version, LabelServiceService),
    },
  }
}
