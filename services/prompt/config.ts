import { type PostgresConfig, postgresSchema, type Schema, secret } from '#chassis/config.ts'

/** The configuration of the prompt service, beside what every service has. */
export type PromptConfig = PostgresConfig & { viewerSecret: string }

/** The schema of PromptConfig. */
export const config: Schema<PromptConfig> = {
  ...postgresSchema('prompt', 50_052),
  viewerSecret: {
    doc: 'Secret that keys the hashes of readers’ addresses, shared by all replicas: 32 characters or more.',
    format: secret,
    default: '',
    env: 'PF_VIEWER_SECRET',
    sensitive: true,
  },
}
