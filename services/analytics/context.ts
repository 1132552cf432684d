import type { Base } from '#chassis/define-service.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { PostgresConfig } from '#chassis/config.ts'
import { partitionMetrics } from './partition-metrics.ts'

/** What jobs, commands and subscriptions of this service need. */
export type Deps = { database: Database }

/** Makes the context of one service. */
export function createContext({ database, metrics }: Base<PostgresConfig>): Deps {
  partitionMetrics(metrics.registry, database)
  return { database }
}
