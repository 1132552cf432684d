import { type PostgresConfig, postgresSchema, type Schema, secret, secrets } from '#chassis/config.ts'
import { type PaymentsConfig, paymentsSchema } from './payments/config.ts'

/** The configuration of the marketplace service, beside what every service has. */
export type MarketplaceConfig = PostgresConfig & {
  promptService: string
  testService: string
  licenses: {
    keySecret: string
    formerKeySecrets: string
    signingKeySecret: string
    rotationSeconds: number
    cacheSeconds: number
  }
  payments: PaymentsConfig
  sales: { feeBps: number; leastPrice: number }
}

/** The schema of MarketplaceConfig. */
export const config: Schema<MarketplaceConfig> = {
  ...postgresSchema('marketplace', 50_055),
  promptService: {
    doc: 'gRPC target of the prompt service, which says whose a prompt is, and takes over what licences unlock.',
    format: String,
    default: 'dns:///prompt:50052',
    env: 'PF_PROMPT_SERVICE',
  },
  testService: {
    doc: 'gRPC target of the test service, which has the samples of listings.',
    format: String,
    default: 'dns:///test:50054',
    env: 'PF_TEST_SERVICE',
  },
  licenses: {
    keySecret: {
      doc: 'Secret that encrypts licence keys in the database, shared by all replicas: 32 characters or more.',
      format: secret,
      default: '',
      env: 'PF_LICENSE_KEY_SECRET',
      sensitive: true,
    },
    formerKeySecrets: {
      doc: 'Secrets that encrypted licence keys before, separated by commas, until none is left that they have encrypted.',
      format: secrets,
      default: '',
      env: 'PF_LICENSE_KEY_FORMER_SECRETS',
      sensitive: true,
    },
    signingKeySecret: {
      doc: 'Secret that encrypts the private keys of licence documents in the database, shared by all replicas: 32 characters or more.',
      format: secret,
      default: '',
      env: 'PF_LICENSE_SIGNING_KEY_SECRET',
      sensitive: true,
    },
    rotationSeconds: {
      doc: 'How long a key signs licence documents, seconds.',
      format: 'nat',
      default: 30 * 86_400,
      env: 'PF_LICENSE_SIGNING_KEY_ROTATION_SECONDS',
    },
    cacheSeconds: {
      doc: 'How long the public keys of licence documents may be cached, seconds.',
      format: 'nat',
      default: 300,
      env: 'PF_LICENSE_KEYS_CACHE_SECONDS',
    },
  },
  payments: paymentsSchema,
  sales: {
    feeBps: {
      doc: 'What PromptForge keeps of a sale, hundredths of a per cent, at most 10,000. A sale keeps the fee that it was begun with.',
      format: 'nat',
      default: 2000,
      env: 'PF_MARKETPLACE_FEE_BPS',
    },
    leastPrice: {
      doc: 'The least price of a licence, cents.',
      format: 'nat',
      default: 50,
      env: 'PF_MARKETPLACE_LEAST_PRICE_CENTS',
    },
  },
}
