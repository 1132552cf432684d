import { absolutePath, meshNames, required, type Schema } from '#chassis/config.ts'
import { DESCRIPTOR_SET, RATE_CLASSES, type RateClass } from '#contracts/contract.ts'
import type { Backend } from './exposed.ts'
import type { GatewayOptions, Limit } from './options.ts'

/** The configuration of the gateway; the contract says the rest. */
export type GatewayConfig = GatewayOptions & { mesh: { watch: string } }

/** The limit of each rate class where none is given. */
const CLASS_LIMITS: Record<RateClass, Limit> = {
  AUTH: { perSecond: 10, burst: 60 },
  LICENSE: { perSecond: 10, burst: 60 },
}

/** The schema of GatewayConfig, before these services. */
export const gatewaySchema = (services: readonly Backend[]): Schema<GatewayConfig> => ({
  folder: {
    doc: 'Folder that the configuration is written into, and that Envoy reads it from: an absolute path.',
    format: absolutePath,
    default: '',
    env: 'PF_GATEWAY_FOLDER',
  },
  edge: {
    host: { doc: 'Address to listen on for clients.', format: String, default: '0.0.0.0', env: 'PF_HOST' },
    port: { doc: 'Port of the gateway; 0 takes a free one.', format: 'port', default: 8080, env: 'PF_GATEWAY_PORT' },
  },
  admin: {
    port: {
      doc: 'Port of what may be read of Envoy’s admin interface, on 127.0.0.1; 0 takes a free one.',
      format: 'port',
      default: 9901,
      env: 'PF_GATEWAY_ADMIN_PORT',
    },
  },
  mesh: {
    certificates: {
      doc: 'Directory with ca.pem, cert.pem and key.pem; reloaded when they change.',
      format: required,
      default: '',
      env: 'PF_CERTIFICATES',
    },
    watch: {
      doc: 'Directory that is watched for renames, which announce new certificates: PF_CERTIFICATES itself if it is a mounted Secret. Empty: its parent.',
      format: String,
      default: '',
      env: 'PF_CERTIFICATES_WATCH',
    },
    ...meshNames,
  },
  services: Object.fromEntries(services.map(({ name, port }) => [name, addresses(name, port)])),
  auth: {
    issuer: {
      doc: '`iss` of access tokens.',
      format: String,
      default: 'https://auth.promptforge.example',
      env: 'PF_TOKEN_ISSUER',
    },
    audience: { doc: '`aud` of access tokens.', format: String, default: 'promptforge', env: 'PF_TOKEN_AUDIENCE' },
  },
  keysSeconds: {
    doc: 'Seconds for which the key set is cached.',
    format: 'nat',
    default: 60,
    env: 'PF_JWKS_CACHE_SECONDS',
  },
  limits: {
    address: limit('of a client address', 'ADDRESS', { perSecond: 300, burst: 300 }),
    user: limit('of a signed-in user', 'USER', { perSecond: 200, burst: 400 }),
    classes: Object.fromEntries(RATE_CLASSES.map((name) => [name, classLimit(name)])) as Schema<Classes>,
  },
  corsOrigins: {
    doc: 'Origins of web pages that may call, separated by commas.',
    format: Array,
    default: [],
    env: 'PF_CORS_ORIGINS',
  },
  trustedHops: {
    doc: 'Number of proxies in front of the gateway whose X-Forwarded-For is trusted.',
    format: 'nat',
    default: 0,
    env: 'PF_TRUSTED_HOPS',
  },
  memoryBytes: {
    doc: 'Bytes of heap beyond which new requests are refused; set about three quarters of the container’s limit.',
    format: 'nat',
    default: 400 * 1024 * 1024,
    env: 'PF_GATEWAY_MEMORY_BYTES',
  },
  descriptorSet: {
    doc: 'Descriptor set of the contract, where Envoy finds it: a copy is put there.',
    format: String,
    default: DESCRIPTOR_SET,
    env: 'PF_DESCRIPTOR_SET',
  },
})

type Classes = GatewayOptions['limits']['classes']

const classLimit = (name: RateClass) =>
  limit(`of a client address to the methods of rate class ${name}`, name, CLASS_LIMITS[name])

function addresses(service: string, port: number) {
  return {
    doc: `\`host:port\` of the ${service} service, several separated by commas; a name is resolved to all its addresses.`,
    format: Array,
    default: [`${service}:${port}`],
    env: `PF_${service.toUpperCase()}_SERVICE`,
  }
}

function limit(whose: string, name: string, { perSecond, burst }: Limit) {
  return {
    perSecond: {
      doc: `Requests ${whose} per second, on average.`,
      format: 'nat',
      default: perSecond,
      env: `PF_LIMIT_${name}_PER_SECOND`,
    },
    burst: { doc: `Requests ${whose} in a burst.`, format: 'nat', default: burst, env: `PF_LIMIT_${name}_BURST` },
  }
}
