import { type PostgresConfig, postgresSchema } from '#chassis/config.ts'

/** What the analytics service must be told: nothing beyond what every service must. */
export type AnalyticsConfig = PostgresConfig

/** The schema of AnalyticsConfig. */
export const config = postgresSchema('analytics', 50_056)
