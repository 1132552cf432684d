import { setTimeout as sleep } from 'node:timers/promises'
import type { JetStreamManager } from '@nats-io/jetstream'
import { type Gateway, startGateway } from '../../services/dev-env/gateway.ts'
import { assertPortFree } from '../../services/dev-env/infra/ports.ts'
import { type Network, portsOf } from '../../services/dev-env/network.ts'
import { SERVICES } from '../../services/dev-env/services.ts'
import { startServer } from '../processes/server.ts'
import { openSite } from '../processes/site.ts'

/** A part that can die. */
export type Part = {
  name: string
  /** Ends it by SIGKILL, and starts it again after so many milliseconds. */
  kill(awayMs: number): Promise<void>
}

/** All of PromptForge, each part a process of its own, on stores that keep what they acknowledge. */
export type ChaosSite = AsyncDisposable & {
  gateway: Gateway
  parts: Part[]
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
  const services: Part[] = []
  for (const { name } of SERVICES) services.push(await startPart(network, name, state, opened))
  const gateway = await startGateway(gatewayOptions, network.place)
  opened.defer(gateway.stop)
  say('services and gateway')
  const parts = [
    ...services,
    ...Object.entries({ nats, mongo, postgres }).map(([name, store]) => ({
      name,
      kill: async (awayMs: number) => {
        await store.stop('kill')
        await sleep(awayMs)
        await store.start()
      },
    })),
  ]
  const all = opened.move()
  return { gateway, parts, databases, manager, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

async function startPart(
  { services }: Network,
  name: string,
  state: string,
  opened: AsyncDisposableStack,
): Promise<Part> {
  const start = () =>
    startServer({ name, command: [`services/${name}/main.ts`], env: services[name]!.env, flags: [], logs: state })
  let server = await start()
  opened.defer(() => server[Symbol.asyncDispose]())
  return {
    name,
    kill: async (awayMs) => {
      process.kill(server.pid, 'SIGKILL')
      await server[Symbol.asyncDispose]()
      await sleep(awayMs)
      server = await start()
    },
  }
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
