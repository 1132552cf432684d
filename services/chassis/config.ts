import { isAbsolute } from 'node:path'
import convict from 'convict'
import { mongoUrl, natsUrls, postgresUrl } from './url-formats.ts'

/** A convict schema, and the plain object that it makes. */
export type Schema<T> = convict.Schema<T>

/** The configuration that every service has. */
export type BaseConfig = {
  log: { level: string }
  grpc: { host: string; port: number; reflection: boolean }
  health: { port: number }
  metrics: { port: number }
  mesh: { certificates: string; trustDomain: string; namespace: string }
  auth: { issuer: string; audience: string; userService: string }
  nats: { url: string }
  pageTokenSecret: string
  trace: { endpoint: string; ratio: number }
  drain: { settleMs: number; graceMs: number }
}

/** The configuration of a service on PostgreSQL. Extend it: `{ ...postgresSchema('user', 50051), … }`. */
export type PostgresConfig = BaseConfig & { postgres: { url: string; poolSize: number } }

/** The configuration of a service on MongoDB. */
export type MongoConfig = BaseConfig & { mongo: { url: string; database: string } }

/** Where a test has this process killed: see `failpoints.ts`. It is not set in production, and no part of the configuration. */
export const FAILPOINT = process.env['PF_FAILPOINT']

/** The names of a mesh: the parts that the SPIFFE ids of all its members have in common. */
export const meshNames: Schema<{ trustDomain: string; namespace: string }> = {
  trustDomain: {
    doc: 'Trust domain of the SPIFFE ids.',
    format: String,
    default: 'promptforge.local',
    env: 'PF_TRUST_DOMAIN',
  },
  namespace: { doc: 'Namespace in the SPIFFE ids.', format: String, default: 'promptforge', env: 'PF_NAMESPACE' },
}

/** The schema of BaseConfig, in convict's form: it is the documentation as well. `port` is the service's default gRPC port. */
export const baseSchema = (port: number): Schema<BaseConfig> => ({
  log: {
    level: {
      doc: 'The least severe level that is logged.',
      format: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      default: 'info',
      env: 'PF_LOG_LEVEL',
    },
  },
  grpc: {
    host: { doc: 'Address to listen on, for all three ports.', format: String, default: '0.0.0.0', env: 'PF_HOST' },
    port: {
      doc: 'Port of the mutual-TLS gRPC server; 0 takes a free one.',
      format: 'port',
      default: port,
      env: 'PF_PORT',
    },
    reflection: {
      doc: 'Whether the gRPC server offers reflection.',
      format: Boolean,
      default: false,
      env: 'PF_REFLECTION',
    },
  },
  health: {
    port: {
      doc: 'Port of the plaintext gRPC health server, for probes; 0 takes a free one.',
      format: 'port',
      default: port + 1000,
      env: 'PF_HEALTH_PORT',
    },
  },
  metrics: {
    port: {
      doc: 'Port of the HTTP server with /metrics; 0 takes a free one.',
      format: 'port',
      default: port + 2000,
      env: 'PF_METRICS_PORT',
    },
  },
  mesh: {
    certificates: {
      doc: 'Directory with ca.pem, cert.pem and key.pem; reloaded when they change.',
      format: required,
      default: '',
      env: 'PF_CERTIFICATES',
    },
    ...meshNames,
  },
  auth: {
    issuer: {
      doc: '`iss` of access tokens.',
      format: String,
      default: 'https://auth.promptforge.example',
      env: 'PF_TOKEN_ISSUER',
    },
    audience: { doc: '`aud` of access tokens.', format: String, default: 'promptforge', env: 'PF_TOKEN_AUDIENCE' },
    userService: {
      doc: 'gRPC target of the user service, for its keys and the current roles of callers.',
      format: String,
      default: 'dns:///user:50051',
      env: 'PF_USER_SERVICE',
    },
  },
  nats: {
    url: {
      doc: 'URL of NATS, several separated by commas. Services authenticate with their certificates.',
      format: natsUrls,
      default: 'nats://nats:4222',
      env: 'PF_NATS_URL',
    },
  },
  pageTokenSecret: {
    doc: 'Secret that authenticates page tokens, shared by all replicas: 32 characters or more.',
    format: secret,
    default: '',
    env: 'PF_PAGE_TOKEN_SECRET',
    sensitive: true,
  },
  trace: {
    endpoint: {
      doc: 'OTLP/HTTP URL that spans are sent to; empty: no spans are recorded.',
      format: String,
      default: '',
      env: 'PF_OTLP_ENDPOINT',
    },
    ratio: {
      doc: 'Share of new traces that are sampled, 0 to 1.',
      format: Number,
      default: 0.01,
      env: 'PF_TRACE_RATIO',
    },
  },
  drain: {
    settleMs: {
      doc: 'Milliseconds for which calls are still accepted after NOT_SERVING: the time that the gateway needs to notice it.',
      format: 'nat',
      default: 4000,
      env: 'PF_DRAIN_SETTLE_MS',
    },
    graceMs: {
      doc: 'Milliseconds that running calls get to finish.',
      format: 'nat',
      default: 30_000,
      env: 'PF_DRAIN_GRACE_MS',
    },
  },
})

/** The schema of PostgresConfig. */
export const postgresSchema = (service: string, port: number): Schema<PostgresConfig> => ({
  ...baseSchema(port),
  postgres: {
    url: {
      doc: `URL of the database promptforge_${service}, with user and password.`,
      format: postgresUrl,
      default: '',
      env: 'PF_POSTGRES_URL',
      sensitive: true,
    },
    poolSize: { doc: 'Largest number of connections.', format: 'nat', default: 10, env: 'PF_POSTGRES_POOL' },
  },
})

/** The schema of MongoConfig. */
export const mongoSchema = (port: number): Schema<MongoConfig> => ({
  ...baseSchema(port),
  mongo: {
    url: {
      doc: 'URL of the MongoDB server, with user and password.',
      format: mongoUrl,
      default: '',
      env: 'PF_MONGO_URL',
      sensitive: true,
    },
    database: { doc: 'Name of the database.', format: String, default: 'promptforge', env: 'PF_MONGO_DATABASE' },
  },
})

/**
 * Reads a service's configuration from the environment, once. Throws one error that names every value that is wrong and the
 * variable that sets it. The result is plain and frozen; tests pass a literal of the same type instead.
 */
export function loadConfig<T>(schema: Schema<T>, env: NodeJS.ProcessEnv = process.env): T {
  const config = convict(schema, { env, args: [] })
  try {
    config.validate({ allowed: 'strict' })
  } catch (error) {
    throw new Error(withVariables((error as Error).message, schema))
  }
  return deepFreeze(config.getProperties())
}

// convict's lines begin with the path of a value: `postgres.url: must be set`. Not the cause: it is the same error.
const withVariables = (message: string, schema: object) =>
  message.replaceAll(/^([\w.]+)(?=: )/gm, (path) => {
    const found = path
      .split('.')
      .reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], schema)
    const { env } = (found ?? {}) as { env?: string }
    return env ? `${env} (${path})` : path
  })

/** A format: a string that must not be empty. */
export function required(value: unknown) {
  if (typeof value !== 'string' || value === '') throw new Error('must be set')
}

/** A format: an absolute path. */
export function absolutePath(value: unknown) {
  if (typeof value !== 'string' || !isAbsolute(value)) throw new Error('must be an absolute path')
}

/** A format: a secret of at least 32 characters. */
export function secret(value: unknown) {
  if (typeof value !== 'string' || value.length < 32) throw new Error('must have at least 32 characters')
}

/** A format: no secret, or several that are separated by commas. */
export function secrets(value: unknown) {
  for (const one of splitSecrets(String(value))) secret(one)
}

/** Secrets that are separated by commas. */
export const splitSecrets = (text: string) => text.split(',').filter((one) => one !== '')

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member)
    Object.freeze(value)
  }
  return value
}
