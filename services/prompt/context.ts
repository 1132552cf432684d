import type { Base } from '#chassis/define-service.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { PageTokens } from '#chassis/page-token.ts'
import type { PromptConfig } from './config.ts'
import { type CategoryNames, createCategoryNames } from './db/categories.ts'
import { createViews, type Views } from './views.ts'

/** What handlers and jobs of this service need beside the call; each takes the part that it uses. */
export type Deps = {
  database: Database
  pageTokens: PageTokens
  categories: CategoryNames
  views: Views
}

/** Makes the context of one service. */
export const createContext = ({ config, database, pageTokens, publish, metrics, log }: Base<PromptConfig>): Deps => ({
  database,
  pageTokens,
  categories: createCategoryNames(database.sql),
  views: createViews({ publish, secret: config.viewerSecret, registry: metrics.registry, log }),
})
