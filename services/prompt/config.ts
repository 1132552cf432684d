import { type BaseConfig, baseSchema } from '#chassis/config.ts'

/** What the prompt service must be told: nothing beyond what every service must. */
export type PromptConfig = BaseConfig

/** The schema of PromptConfig. */
export const config = baseSchema('prompt', 50_052)
