import { setTimeout as sleep } from 'node:timers/promises'
import { type Gateway, startGateway } from '../../services/dev-env/gateway.ts'
import { areFree } from '../../services/dev-env/infra/ports.ts'
import { environmentOfPorts, type Network, portsOf } from '../../services/dev-env/network.ts'
import { paymentPort, providerPorts } from '../../services/dev-env/providers.ts'
import { SERVICES } from '../../services/services.ts'
import { flagsOf } from './flags.ts'
import { startServer } from './server.ts'
import { openSite, type Site } from './site.ts'
import { startStoreNetwork } from './store-network.ts'

/** A service, as a process of its own with the flags of production. */
export type Part = {
  name: string
  /** Its present process. */
  pid(): number
  ports: ReturnType<typeof portsOf>
  /** Kills it, and starts it again after so many milliseconds. */
  kill(ms: number): Promise<void>
  /** Stops its process for so many milliseconds. */
  freeze(ms: number): Promise<void>
  /** Has the network between it and PostgreSQL swallow all packets for so many milliseconds; undefined for a service without PostgreSQL. */
  silence?: (ms: number) => Promise<void>
}

/** All of PromptForge, each part a process of its own, on stores that keep what they acknowledge. */
export type Mesh = AsyncDisposable & { site: Site; gateway: Gateway; parts: Part[] }

/** How to build it. */
type MeshOptions = {
  /** The limits of the gateway are the ordinary ones times this. */
  rateLimitFactor: number
  /** Services of which there are two replicas. The second is called `<name>-2`, and only the gateway calls it. Default: none. */
  doubled?: string[]
  /** Hears of each step. */
  say: (step: string) => void
}

/** Builds it. */
export async function openMesh(
  kind: 'chaos' | 'abuse',
  { rateLimitFactor, doubled = [], say }: MeshOptions,
): Promise<Mesh> {
  await using opened = new AsyncDisposableStack()
  const gatewayOptions = { port: 0, adminPort: 0, rateLimitFactor, corsOrigins: [] }
  const first = await freePorts()
  const site = opened.use(await openSite(kind, { ports: first, gateway: gatewayOptions }))
  say('stores')
  const parts: Part[] = []
  for (const { name } of SERVICES) parts.push(await startPart(site, { name, service: name, first }, opened))
  const targets = { ...site.network.place.targets }
  for (const service of doubled) {
    const part = await startPart(site, { name: `${service}-2`, service, first: first + SECOND }, opened)
    parts.push(part)
    targets[service] = [...targets[service]!, part.ports.grpc]
  }
  const gateway = await startGateway(gatewayOptions, { ...site.network.place, targets })
  opened.defer(gateway.stop)
  say('services and gateway')
  const all = opened.move()
  return { site, gateway, parts, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

async function startPart(
  { network, state }: { network: Network; state: string },
  { name, service, first }: { name: string; service: string; first: number },
  opened: AsyncDisposableStack,
): Promise<Part> {
  const ports = portsOf(service, first)
  const env: Record<string, string> = {
    ...network.services[service]!.env,
    ...environmentOfPorts(ports),
  }
  const { PF_POSTGRES_URL: databaseUrl } = env
  const way = databaseUrl === undefined ? undefined : opened.use(await startStoreNetwork(databaseUrl))
  const reached = way ? { ...env, PF_POSTGRES_URL: way.url } : env
  const command = [`services/${service}/main.ts`]
  const start = () => startServer({ name, command, env: reached, flags: flagsOf(service), logs: state })
  let server = await start()
  opened.defer(() => server[Symbol.asyncDispose]())
  return {
    name,
    pid: () => server.pid,
    ports,
    kill: async (ms) => {
      process.kill(server.pid, 'SIGKILL')
      await server[Symbol.asyncDispose]()
      await sleep(ms)
      server = await start()
    },
    freeze: async (ms) => {
      process.kill(server.pid, 'SIGSTOP')
      await sleep(ms)
      process.kill(server.pid, 'SIGCONT')
    },
    ...(way && { silence: way.silence }),
  }
}

/** How far the ports of second replicas are above those of the first. */
const SECOND = 50

/** A gRPC port of the first service with which all ports of all services are free: they must stay the same. */
async function freePorts(): Promise<number> {
  for (let first = 21_000; first < 30_000; first += 100) {
    const ports = [
      ...Object.values(providerPorts(first)),
      paymentPort(first),
      ...[first, first + SECOND].flatMap((from) => SERVICES.flatMap(({ name }) => Object.values(portsOf(name, from)))),
    ]
    if (await areFree(ports)) return first
  }
  throw new Error('there are no free ports between 21,000 and 32,000')
}
