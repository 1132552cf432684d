import { join } from 'node:path'
import { loadConfig } from '#chassis/config.ts'
import { until } from '#chassis/testing/until.ts'
import { loadContract } from '#contracts/contract.ts'
import { gatewaySchema } from '../gateway/config.ts'
import { writeGateway } from '../gateway/gateway.ts'
import type { GatewayOptions as Rendered, Limit } from '../gateway/options.ts'
import { adminSocket, isReady } from '../gateway/sidecar/admin.ts'
import { startEnvoy } from './infra/envoy.ts'
import { SERVICES } from '../services.ts'

type Limits = Rendered['limits']

/** What a person may choose about the gateway of this machine. */
export type GatewayOptions = {
  /** 0 takes a free one. */
  port: number
  /** Of Envoy's admin interface; 0 takes a free one. */
  adminPort: number
  /** By what the ordinary rate limits are multiplied. */
  rateLimitFactor: number
  /** Origins of web pages that may call. */
  corsOrigins: string[]
}

/** What is around the gateway. */
export type GatewayPlace = {
  state: string
  certificates: string
  mesh: { trustDomain: string; namespace: string }
  auth: { issuer: string; audience: string }
  /** The gRPC ports of every service, on 127.0.0.1. */
  targets: Record<string, number[]>
}

/** A running gateway. */
export type Gateway = { url: string; adminUrl: string; port: number; stop(): Promise<void> }

/** Renders the gateway's configuration into `<state>/gateway/` and starts Envoy with it. */
export async function startGateway(options: GatewayOptions, place: GatewayPlace): Promise<Gateway> {
  const folder = join(place.state, 'gateway')
  const defaults = loadConfig(gatewaySchema(SERVICES), {
    PF_GATEWAY_FOLDER: folder,
    PF_HOST: '127.0.0.1',
    PF_GATEWAY_PORT: String(options.port),
    PF_GATEWAY_ADMIN_PORT: String(options.adminPort),
    PF_CERTIFICATES: join(place.certificates, 'gateway', 'current'),
    PF_TRUST_DOMAIN: place.mesh.trustDomain,
    PF_NAMESPACE: place.mesh.namespace,
    PF_TOKEN_ISSUER: place.auth.issuer,
    PF_TOKEN_AUDIENCE: place.auth.audience,
    PF_CORS_ORIGINS: options.corsOrigins.join(','),
    ...Object.fromEntries(Object.entries(place.targets).map(addressesOf)),
  })
  const limits = limitsTimes(options.rateLimitFactor, defaults.limits)
  const configPath = writeGateway(loadContract(), SERVICES, { ...defaults, limits })
  const envoy = await startEnvoy({ configPath, dir: folder })
  const { edge, admin } = await envoy.ports()
  const adminUrl = `http://127.0.0.1:${admin}`
  await until('the gateway to have the keys of tokens', () => isReady(adminSocket(folder))).catch(
    async (error: unknown) => {
      await envoy.stop()
      throw error
    },
  )
  return { url: `http://localhost:${edge}`, adminUrl, port: edge!, stop: envoy.stop }
}

const addressesOf = ([name, ports]: [string, number[]]) => [
  `PF_${name.toUpperCase()}_SERVICE`,
  ports.map((port) => `127.0.0.1:${port}`).join(','),
]

function limitsTimes(factor: number, { address, user, classes }: Limits): Limits {
  const times = ({ perSecond, burst }: Limit) => ({ perSecond: perSecond * factor, burst: burst * factor })
  const all = Object.entries(classes).map(([name, limit]) => [name, times(limit)])
  return { address: times(address), user: times(user), classes: Object.fromEntries(all) as Limits['classes'] }
}
