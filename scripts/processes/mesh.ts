import { setTimeout as sleep } from 'node:timers/promises'
import { type Gateway, startGateway } from '../../services/dev-env/gateway.ts'
import { assertPortFree } from '../../services/dev-env/infra/ports.ts'
import { type Network, portsOf } from '../../services/dev-env/network.ts'
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

/** Builds it; `say` hears of each step. The limits of the gateway are the ordinary ones times `rateLimitFactor`. */
export async function openMesh(
  kind: 'chaos' | 'abuse',
  { rateLimitFactor, say }: { rateLimitFactor: number; say: (step: string) => void },
): Promise<Mesh> {
  await using opened = new AsyncDisposableStack()
  const gatewayOptions = { port: 0, adminPort: 0, rateLimitFactor, corsOrigins: [] }
  const first = await freePorts()
  const site = opened.use(await openSite(kind, { ports: first, gateway: gatewayOptions }))
  say('stores')
  const parts: Part[] = []
  for (const { name } of SERVICES) parts.push(await startPart(site, name, first, opened))
  const gateway = await startGateway(gatewayOptions, site.network.place)
  opened.defer(gateway.stop)
  say('services and gateway')
  const all = opened.move()
  return { site, gateway, parts, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

async function startPart(
  { network, state }: { network: Network; state: string },
  name: string,
  first: number,
  opened: AsyncDisposableStack,
): Promise<Part> {
  const { env } = network.services[name]!
  const { PF_POSTGRES_URL: databaseUrl } = env
  const way = databaseUrl === undefined ? undefined : opened.use(await startStoreNetwork(databaseUrl))
  const reached = way ? { ...env, PF_POSTGRES_URL: way.url } : env
  const command = [`services/${name}/main.ts`]
  const start = () => startServer({ name, command, env: reached, flags: flagsOf(name), logs: state })
  let server = await start()
  opened.defer(() => server[Symbol.asyncDispose]())
  return {
    name,
    pid: () => server.pid,
    ports: portsOf(name, first),
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

/** A gRPC port of the first service with which all ports of all services are free: they must stay the same. */
async function freePorts(): Promise<number> {
  for (let first = 21_000; first < 30_000; first += 100) {
    const ports = [
      ...Object.values(providerPorts(first)),
      paymentPort(first),
      ...SERVICES.flatMap(({ name }) => Object.values(portsOf(name, first))),
    ]
    const taken = await Promise.all(
      ports.map((port) =>
        assertPortFree(port, '', '').then(
          () => false,
          () => true,
        ),
      ),
    )
    if (!taken.includes(true)) return first
  }
  throw new Error('there are no free ports between 21,000 and 32,000')
}
