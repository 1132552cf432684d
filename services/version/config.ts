import { type MongoConfig, mongoSchema, type Schema } from '#chassis/config.ts'

/** The configuration of the version service, beside what every service has. */
export type VersionConfig = MongoConfig & { promptService: string; testService: string }

/** The schema of VersionConfig. */
export const config: Schema<VersionConfig> = {
  ...mongoSchema(50_053),
  promptService: {
    doc: 'gRPC target of the prompt service, which checks read access.',
    format: String,
    default: 'dns:///prompt:50052',
    env: 'PF_PROMPT_SERVICE',
  },
  testService: {
    doc: 'gRPC target of the test service, which says whether a version has passed the suite of a label’s gate.',
    format: String,
    default: 'dns:///test:50054',
    env: 'PF_TEST_SERVICE',
  },
}
