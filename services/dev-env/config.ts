import { loadConfig, type Schema } from '#chassis/config.ts'

/** The configuration of `npm start`. */
export type DevConfig = {
  gatewayPort: number
  servicePort: number
  adminPort: number
  postgresPort: number
  mongoPort: number
  natsPort: number
  rateLimitFactor: number
  corsOrigins: string[]
  logLevel: string
}

/** The schema of DevConfig. */
export const devSchema: Schema<DevConfig> = {
  gatewayPort: { doc: 'Port of the gateway.', format: 'port', default: 8080, env: 'PF_GATEWAY_PORT' },
  servicePort: {
    doc: 'gRPC port of the user service; the others are as far above as by default. Health is 1000 above each, metrics 2000.',
    format: 'port',
    default: 50_051,
    env: 'PF_SERVICE_PORT',
  },
  adminPort: {
    doc: 'Port of the gateway’s admin interface, on 127.0.0.1.',
    format: 'port',
    default: 9901,
    env: 'PF_GATEWAY_ADMIN_PORT',
  },
  postgresPort: {
    doc: 'Port of the PostgreSQL that is started here.',
    format: 'port',
    default: 15432,
    env: 'PF_POSTGRES_PORT',
  },
  mongoPort: {
    doc: 'Port of the MongoDB that is started here.',
    format: 'port',
    default: 27018,
    env: 'PF_MONGO_PORT',
  },
  natsPort: { doc: 'Port of the NATS that is started here.', format: 'port', default: 4223, env: 'PF_NATS_PORT' },
  rateLimitFactor: {
    doc: 'By what the gateway’s rate limits are multiplied.',
    format: 'nat',
    default: 1,
    env: 'PF_RATE_LIMIT_FACTOR',
  },
  corsOrigins: {
    doc: 'Origins of web pages that may call the gateway, separated by commas.',
    format: Array,
    default: ['http://localhost:5173'],
    env: 'PF_CORS_ORIGINS',
  },
  logLevel: {
    doc: 'The least severe level that the services log.',
    format: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    env: 'PF_LOG_LEVEL',
  },
}

/** Reads DevConfig from the environment. */
export const loadDevConfig = () => loadConfig(devSchema)
