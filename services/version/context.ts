import type { MikroORM } from '@mikro-orm/mongodb'
import type { MongoDatabase } from '#chassis/db/mongo.ts'
import type { Base } from '#chassis/define-service.ts'
import type { Publish } from '#chassis/events/publisher.ts'
import { createStub, type Stub } from '#chassis/grpc/client.ts'
import type { PageTokens } from '#chassis/page-token.ts'
import { TestInternalServiceService } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { askPrompt, type ReadableVersions } from '#chassis/prompt-access.ts'
import { auditGauges } from './audit-metrics.ts'
import { type Arrivals, createArrivals } from './arrivals.ts'
import { type Comparer, createComparer } from './comparer.ts'
import type { VersionConfig } from './config.ts'
import { openVersions, type Versions } from './db/documents.ts'

/** What handlers and subscriptions of this service need beside the call; each takes the part that it uses. */
export type Deps = {
  orm: MikroORM
  versions: Versions
  publish: Publish
  arrivals: Arrivals
  pageTokens: PageTokens
  readableVersions: ReadableVersions
  comparer: Comparer
  /** The other services, which are asked with the caller's token. */
  remote: {
    prompts: Pick<Stub<typeof PromptServiceService>, 'listPrompts' | 'updatePrompt'>
    tests: Pick<Stub<typeof TestInternalServiceService>, 'checkGate'>
  }
}

/** Makes the context of one service. */
export function createContext({
  config,
  database,
  pageTokens,
  publish,
  metrics,
  openChannel,
}: Base<VersionConfig, MongoDatabase>): Deps {
  auditGauges(metrics.registry, database.orm)
  const prompt = openChannel('prompt', config.promptService)
  return {
    orm: database.orm,
    versions: openVersions(database),
    publish,
    arrivals: createArrivals(),
    pageTokens,
    readableVersions: askPrompt(prompt),
    comparer: createComparer(),
    remote: {
      prompts: createStub(prompt, PromptServiceService),
      tests: createStub(openChannel('test', config.testService), TestInternalServiceService),
    },
  }
}
