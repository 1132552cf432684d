import { setTimeout as sleep } from 'node:timers/promises'
import type { JetStreamManager } from '@nats-io/jetstream'
import { startTcpProxy } from '#chassis/testing/tcp-proxy.ts'
import { type Gateway, startGateway } from '../../services/dev-env/gateway.ts'
import { assertPortFree } from '../../services/dev-env/infra/ports.ts'
import { type Network, portsOf } from '../../services/dev-env/network.ts'
import { SERVICES } from '../../services/dev-env/services.ts'
import { startServer } from '../processes/server.ts'
import { openSite } from '../processes/site.ts'

/** Something that can go wrong. */
export type Fault = {
  /** What, and with which part: `prompt was killed`. */
  name: string
  /** Milliseconds that it lasts at the most. */
  maxMs: number
  /** Lets it happen, for so many milliseconds, and mends it. */
  strike(ms: number): Promise<void>
}

/** Milliseconds that a part is away after it was killed, is frozen, or that its network swallows packets: at the most. */
const AWAY_MS = 4000
const FROZEN_MS = 20_000
const SILENT_MS = 15_000

/** All of PromptForge, each part a process of its own, on stores that keep what they acknowledge. */
export type ChaosSite = AsyncDisposable & {
  gateway: Gateway
  faults: Fault[]
  /** URL of each service's database. */
  databases: Record<string, string>
  manager: JetStreamManager
}

/** Builds it; `say` hears of each step. */
export async function openChaosSite(say: (step: string) => void): Promise<ChaosSite> {
  await using opened = new AsyncDisposableStack()
  const gatewayOptions = { port: 0, adminPort: 0, rateLimitFactor: 100_000, corsOrigins: [] }
  const site = opened.use(await openSite('chaos', { ports: await freePorts(), gateway: gatewayOptions }))
  const { state, network, nats, mongo, postgres, databases, manager } = site
  say('stores')
  const services: Fault[] = []
  for (const { name } of SERVICES) services.push(...(await startService(network, name, state, opened)))
  const gateway = await startGateway(gatewayOptions, network.place)
  opened.defer(gateway.stop)
  say('services and gateway')
  const faults = [
    ...services,
    ...Object.entries({ nats, mongo, postgres }).map(([name, store]) => ({
      name: `${name} was killed`,
      maxMs: AWAY_MS,
      strike: async (ms: number) => {
        await store.stop('kill')
        await sleep(ms)
        await store.start()
      },
    })),
  ]
  const all = opened.move()
  return { gateway, faults, databases, manager, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

async function startService(
  { services }: Network,
  name: string,
  state: string,
  opened: AsyncDisposableStack,
): Promise<Fault[]> {
  const { env } = services[name]!
  const { PF_POSTGRES_URL: databaseUrl } = env
  const proxy = databaseUrl === undefined ? undefined : await startTcpProxy(databaseUrl)
  if (proxy) opened.defer(async () => proxy.close())
  const reached = proxy ? { ...env, PF_POSTGRES_URL: proxy.url } : env
  const start = () => startServer({ name, command: [`services/${name}/main.ts`], env: reached, flags: [], logs: state })
  let server = await start()
  opened.defer(() => server[Symbol.asyncDispose]())
  const kill = async (ms: number) => {
    process.kill(server.pid, 'SIGKILL')
    await server[Symbol.asyncDispose]()
    await sleep(ms)
    server = await start()
  }
  const freeze = async (ms: number) => {
    process.kill(server.pid, 'SIGSTOP')
    await sleep(ms)
    process.kill(server.pid, 'SIGCONT')
  }
  const faults = [
    { name: `${name} was killed`, maxMs: AWAY_MS, strike: kill },
    { name: `${name} was frozen`, maxMs: FROZEN_MS, strike: freeze },
  ]
  if (!proxy) return faults
  const silence = async (ms: number) => {
    proxy.swallow()
    await sleep(ms)
    proxy.restore()
  }
  return [
    ...faults,
    { name: `the network between ${name} and PostgreSQL swallowed packets`, maxMs: SILENT_MS, strike: silence },
  ]
}

/** A gRPC port of the first service with which all ports of all services are free: they must stay the same. */
async function freePorts(): Promise<number> {
  for (let first = 21_000; first < 30_000; first += 100) {
    const ports = SERVICES.flatMap(({ name }) => Object.values(portsOf(name, first)))
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
