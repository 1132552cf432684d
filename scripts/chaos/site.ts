import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JetStreamManager } from '@nats-io/jetstream'
import { jetstreamManager } from '@nats-io/jetstream'
import { applyCatalogue, connectDeploy } from '../../services/broker/apply.ts'
import { DEPLOY } from '../../services/broker/broker.ts'
import { configureBroker } from '../../services/dev-env/broker.ts'
import { type Gateway, startGateway } from '../../services/dev-env/gateway.ts'
import { startMongo } from '../../services/dev-env/infra/mongo.ts'
import { startNats } from '../../services/dev-env/infra/nats.ts'
import { assertPortFree } from '../../services/dev-env/infra/ports.ts'
import { startPostgres } from '../../services/dev-env/infra/postgres.ts'
import { openMembers } from '../../services/dev-env/members.ts'
import { type Network, portsOf, startNetwork } from '../../services/dev-env/network.ts'
import { SERVICES } from '../../services/dev-env/services.ts'
import { makeFolders } from '../processes/folders.ts'
import { startServer } from '../processes/server.ts'

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
  const { state, postgres: dataDir, programs } = opened.use(makeFolders('chaos'))
  const postgres = opened.use(await startPostgres({ dataDir, home: programs, port: 0 }))
  const mongo = opened.use(await startMongo({ dataDir: join(state, 'mongo'), port: 0 }))
  await openMembers(state)
  const configPath = configureBroker(join(state, 'broker'), join(state, 'nats'), join(state, 'certificates'))
  const nats = opened.use(await startNats({ configPath, port: 0, logFile: join(state, 'nats.log') }))
  say('stores')
  const stores = { adminUrl: postgres.adminUrl, mongoUrl: mongo.url, natsUrl: nats.url }
  const ports = await freePorts()
  const gatewayOptions = { port: 0, adminPort: 0, rateLimitFactor: 100_000, corsOrigins: [] }
  const network = await startNetwork({ state, ...stores, ports, gateway: gatewayOptions })
  // It has made databases, certificates and secrets. What dies are processes of their own.
  await network.stop()
  const deploy = { url: nats.url, certificates: join(network.certificates, DEPLOY, 'current') }
  await applyCatalogue({ ...deploy, replicas: 1 })
  const connection = await connectDeploy(deploy)
  opened.defer(() => connection.close())
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
  const databases = Object.fromEntries(
    Object.entries(network.services).map(([name, { databaseUrl }]) => [name, databaseUrl]),
  )
  const manager = await jetstreamManager(connection)
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
