import { type PostgresConfig, postgresSchema } from '#chassis/config.ts'

/** What the prompt service must be told: nothing beyond what every service must. */
export type PromptConfig = PostgresConfig

/** The schema of PromptConfig. */
export const config = postgresSchema('prompt', 50_052)
