import type { Base } from '#chassis/define-service.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { PostgresConfig } from '#chassis/config.ts'
import type { PageTokens } from '#chassis/page-token.ts'
import { createLiveEvents, type LiveEvents } from './live-events.ts'
import { partitionMetrics } from './partition-metrics.ts'

/** What handlers, jobs, commands and subscriptions of this service need. */
export type Deps = { database: Database; pageTokens: PageTokens; live: LiveEvents }

/** Makes the context of one service. */
export function createContext({ database, pageTokens, metrics, log }: Base<PostgresConfig>): Deps {
  partitionMetrics(metrics.registry, database)
  return { database, pageTokens, live: createLiveEvents(database.sql, log) }
}
