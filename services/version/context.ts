import type { MikroORM } from '@mikro-orm/mongodb'
import type { MongoDatabase } from '#chassis/db/mongo.ts'
import type { Base } from '#chassis/define-service.ts'
import type { Publish } from '#chassis/events/publisher.ts'
import type { PageTokens } from '#chassis/page-token.ts'
import { askPrompt, type ReadableVersions } from './access.ts'
import { type Arrivals, createArrivals } from './arrivals.ts'
import type { VersionConfig } from './config.ts'
import { openVersions, type Versions } from './db/documents.ts'
import { type LabelChanges, openLabelChanges } from './db/label-changes.ts'

/** What handlers and subscriptions of this service need beside the call; each takes the part that it uses. */
export type Deps = {
  orm: MikroORM
  versions: Versions
  labelChanges: LabelChanges
  publish: Publish
  arrivals: Arrivals
  pageTokens: PageTokens
  readableVersions: ReadableVersions
}

/** Makes the context of one service. */
export const createContext = ({
  config,
  database,
  pageTokens,
  publish,
  openChannel,
}: Base<VersionConfig, MongoDatabase>): Deps => ({
  orm: database.orm,
  versions: openVersions(database),
  labelChanges: openLabelChanges(database),
  publish,
  arrivals: createArrivals(),
  pageTokens,
  readableVersions: askPrompt(openChannel('prompt', config.promptService)),
})
