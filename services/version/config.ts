import { type MongoConfig, mongoSchema, type Schema } from '#chassis/config.ts'

/** The configuration of the version service, beside what every service has. */
export type VersionConfig = MongoConfig & { promptService: string }

/** The schema of VersionConfig. */
export const config: Schema<VersionConfig> = {
  ...mongoSchema(50_053),
  promptService: {
    doc: 'gRPC target of the prompt service, which checks read access.',
    format: String,
    default: 'dns:///prompt:50052',
    env: 'PF_PROMPT_SERVICE',
  },
}
