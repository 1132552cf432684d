import type { MikroORM } from '@mikro-orm/mongodb'
import type { MongoDatabase } from '#chassis/db/mongo.ts'
import type { Base } from '#chassis/define-service.ts'
import type { Logger } from '#chassis/logger.ts'
import type { PageTokens } from '#chassis/page-token.ts'
import { askPrompt, type ReadableVersions } from './access.ts'
import { type Arrivals, createArrivals } from './arrivals.ts'
import type { VersionConfig } from './config.ts'
import { openVersions, type Versions } from './db/documents.ts'
import { type Leases, openLeases } from './db/lease.ts'

/** What handlers and subscriptions of this service need beside the call; each takes the part that it uses. */
export type Deps = {
  log: Logger
  orm: MikroORM
  versions: Versions
  leases: Leases
  arrivals: Arrivals
  pageTokens: PageTokens
  readableVersions: ReadableVersions
}

/** Makes the context of one service. */
export const createContext = ({
  config,
  log,
  database,
  pageTokens,
  openChannel,
}: Base<VersionConfig, MongoDatabase>): Deps => ({
  log,
  orm: database.orm,
  versions: openVersions(database),
  leases: openLeases(database),
  arrivals: createArrivals(),
  pageTokens,
  readableVersions: askPrompt(openChannel('prompt', config.promptService)),
})
