import type { Base } from '#chassis/define-service.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { AnalyticsConfig } from './config.ts'
import { partitionMetrics } from './partitions.ts'

/** What jobs, commands and subscriptions of this service need. */
export type Deps = { database: Database }

/** Makes the context of one service. */
export function createContext({ database, metrics }: Base<AnalyticsConfig>): Deps {
  partitionMetrics(metrics.registry, database)
  return { database }
}
