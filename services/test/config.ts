import { type PostgresConfig, postgresSchema, type Schema, secret, secrets } from '#chassis/config.ts'

/** The configuration of the test service, beside what every service has. */
export type TestConfig = PostgresConfig & {
  promptService: string
  versionService: string
  providersFile: string
  providerKeysFile: string
  ownKeys: { secret: string; formerSecrets: string }
  budget: { defaultMicros: number; mostMicros: number }
}

/** The schema of TestConfig. */
export const config: Schema<TestConfig> = {
  ...postgresSchema('test', 50_054),
  promptService: {
    doc: 'gRPC target of the prompt service, which checks read access.',
    format: String,
    default: 'dns:///prompt:50052',
    env: 'PF_PROMPT_SERVICE',
  },
  versionService: {
    doc: 'gRPC target of the version service, which has the texts that are tested.',
    format: String,
    default: 'dns:///version:50053',
    env: 'PF_VERSION_SERVICE',
  },
  providersFile: {
    doc: 'JSON file of the model providers, their models and prices: see “Providers” in the README of services/test. Empty: there are none.',
    format: String,
    default: '',
    env: 'PF_TEST_PROVIDERS_FILE',
  },
  providerKeysFile: {
    doc: 'JSON file of the operator’s keys, `{"<provider>": "<key>"}`. Empty: providers are called without one.',
    format: String,
    default: '',
    env: 'PF_TEST_PROVIDER_KEYS_FILE',
  },
  ownKeys: {
    secret: {
      doc: 'Secret that encrypts users’ own keys of providers in the database, shared by all replicas: 32 characters or more.',
      format: secret,
      default: '',
      env: 'PF_PROVIDER_KEY_SECRET',
      sensitive: true,
    },
    formerSecrets: {
      doc: 'Secrets that encrypted keys before, separated by commas, until no key is left that they have encrypted: see the README of services/test.',
      format: secrets,
      default: '',
      env: 'PF_PROVIDER_KEY_FORMER_SECRETS',
      sensitive: true,
    },
  },
  budget: {
    defaultMicros: {
      doc: 'What a user who has set no budget may spend in a day, millionths of a US dollar.',
      format: 'nat',
      default: 1_000_000,
      env: 'PF_TEST_BUDGET_MICROS',
    },
    mostMicros: {
      doc: 'The most that a user may allow for a day, millionths of a US dollar.',
      format: 'nat',
      default: 10_000_000,
      env: 'PF_TEST_MOST_BUDGET_MICROS',
    },
  },
}
