import { join } from 'node:path'
import { DESCRIPTOR_SET, loadContract } from '#contracts/contract.ts'
import { writeGateway } from '../gateway/gateway.ts'
import type { Limit } from '../gateway/options.ts'
import { startEnvoy } from './infra/envoy.ts'

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
  /** Seconds for which it uses the keys of tokens before it fetches them again. Default 60. */
  keysSeconds?: number
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
  const configPath = writeGateway(loadContract(), {
    folder,
    edge: { host: '127.0.0.1', port: options.port },
    admin: { port: options.adminPort },
    mesh: { ...place.mesh, certificates: join(place.certificates, 'gateway', 'current') },
    services: Object.fromEntries(
      Object.entries(place.targets).map(([name, ports]) => [name, ports.map((port) => `127.0.0.1:${port}`)]),
    ),
    auth: place.auth,
    keysSeconds: options.keysSeconds ?? 60,
    limits: limitsTimes(options.rateLimitFactor),
    corsOrigins: options.corsOrigins,
    trustedHops: 0,
    memoryBytes: 512 * 1024 * 1024,
    descriptorSet: DESCRIPTOR_SET,
  })
  const envoy = await startEnvoy({ configPath, dir: folder })
  const { edge } = await envoy.ports()
  return { url: `http://localhost:${edge}`, adminUrl: envoy.adminUrl, port: edge!, stop: envoy.stop }
}

function limitsTimes(factor: number): Record<'address' | 'user' | 'auth', Limit> {
  const times = ({ perSecond, burst }: Limit) => ({ perSecond: perSecond * factor, burst: burst * factor })
  return {
    address: times({ perSecond: 300, burst: 300 }),
    user: times({ perSecond: 200, burst: 400 }),
    auth: times({ perSecond: 10, burst: 60 }),
  }
}
