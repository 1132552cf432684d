import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { loadConfig } from '#chassis/config.ts'
import { createService, type Ports } from '#chassis/define-service.ts'
import { createLogger } from '#chassis/logger.ts'
import { applyCatalogue } from '../broker/apply.ts'
import { DEPLOY } from '../broker/broker.ts'
import { ensureDatabase, mongoDatabase } from './databases.ts'
import { type Gateway, type GatewayOptions, type GatewayPlace, startGateway } from './gateway.ts'
import { type Authority, MESH } from './infra/authority.ts'
import { openMembers } from './members.ts'
import { holdPort } from './infra/ports.ts'
import { type PaymentProvider, startPayments } from './payments/start.ts'
import { OWN_ENV } from './own-env.ts'
import { LANES, paymentPort, startProviders } from './providers.ts'
import { openSecrets, paymentSecrets, type Secrets } from './secrets.ts'
import { SERVICES, type ServiceEntry } from '../services.ts'

/** Who signs access tokens here, and for whom. */
const AUTH = { issuer: 'https://auth.promptforge.example', audience: 'promptforge' }

/** How to run the whole of PromptForge in this process. */
export type NetworkOptions = {
  /** Folder for secrets, certificates, the gateway's configuration and logs. */
  state: string
  /** URL of a PostgreSQL superuser. */
  adminUrl: string
  /** URL of a MongoDB. */
  mongoUrl: string
  /** URL of a NATS with the configuration of `services/broker` and this network's certificates: see `openMembers`. */
  natsUrl: string
  /** Put before the names of databases, for several networks on one server. Default: nothing. */
  prefix?: string
  /** gRPC port of the user service, the others as `portsOf` says. Or free ones. */
  ports: number | 'free'
  gateway: GatewayOptions
  /** More environment for every service: `PF_LOG_LEVEL`. */
  env?: Record<string, string>
  /** Told of each step when it is done. */
  onStep?: (step: string) => void
}

/** A running PromptForge. */
export type Network = {
  gateway: Gateway
  /** Whose events go to the gateway's webhook. */
  payments: PaymentProvider
  /** What another gateway for the same network needs. */
  place: GatewayPlace
  services: Record<string, RunningService>
  authority: Authority
  secrets: Secrets
  /** Folder with `<member>/current/` for every member of the mesh; `client` is for people's clients. */
  certificates: string
  /** Drains and stops the gateway and the services; the stores are the caller's. */
  stop(): Promise<void>
}

/** A service of the network. */
export type RunningService = {
  ports: Ports
  databaseUrl: string
  /** Its context, for tests that arrange what no RPC can. */
  context: object
  /** The environment that makes another process the same service (see `main.ts` of each). */
  env: Record<string, string>
  /** How many of its events have not been published yet. */
  waiting(): Promise<number>
  stop(): Promise<void>
}

/** Starts every service and the gateway before them. What had started is stopped again when a part fails. */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { state, onStep = () => undefined } = options
  const certificates = join(state, 'certificates')
  mkdirSync(join(state, 'logs'), { recursive: true, mode: 0o700 })
  const secrets = openSecrets(state)
  const authority = await openMembers(state)
  const deploy = join(certificates, DEPLOY, 'current')
  await applyCatalogue({ url: options.natsUrl, certificates: deploy, replicas: 1, lanes: LANES })
  onStep('streams')

  // Ended from the first entry to the last, the parts of one at once.
  const running: { stop(): Promise<void> }[][] = []
  const stop = async () => {
    for (const parts of running.splice(0)) await Promise.all(parts.map((part) => part.stop()))
  }
  // Services call each other, so all are told of all ports before the first starts.
  const held = options.ports === 'free' ? await holdPorts() : {}
  running.push([{ stop: () => releaseAll(held) }])
  try {
    const { providers, payments } = await startOthers(options, secrets, running)
    onStep('providers of models and of payments')
    const around = { certificates, secrets, held, providersFile: providers.file, paymentsUrl: payments.url }
    const services: Record<string, RunningService> = {}
    const started: RunningService[] = []
    running.unshift(started)
    for (const entry of SERVICES) {
      const service = await startOne(entry, options, around)
      services[entry.name] = service
      started.push(service)
      onStep(`${entry.name} service`)
    }
    const targets = Object.fromEntries(Object.entries(services).map(([name, { ports }]) => [name, [ports.grpc]]))
    const place = { state, certificates, mesh: MESH, auth: AUTH, targets }
    const gateway = await startGateway(options.gateway, place)
    running.unshift([gateway])
    await payments.control.sendEventsTo(`${gateway.url}/v1/payments/webhook`)
    onStep('gateway')
    return { gateway, payments, place, services, authority, secrets, certificates, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Starts whom PromptForge asks, side by side. What has started is put before `running`, also when another fails. */
async function startOthers({ state, ports }: NetworkOptions, secrets: Secrets, running: { stop(): Promise<void> }[][]) {
  const folder = join(state, 'payments')
  const starting = [
    startProviders({ first: ports, folder: join(state, 'providers') }),
    startPayments({
      port: ports === 'free' ? 0 : paymentPort(ports),
      folder,
      journal: join(folder, 'journal.jsonl'),
      ...paymentSecrets(secrets),
    }),
  ] as const
  const results = await Promise.allSettled(starting)
  running.unshift(results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])))
  const [providers, payments] = await Promise.all(starting)
  return { providers, payments }
}

type Surroundings = {
  certificates: string
  secrets: Secrets
  /** The ports that are held for services, when they are free ones. */
  held: Record<string, HeldPorts>
  providersFile: string
  paymentsUrl: string
}

/** The ports of a service, at which it can also be started again. */
type HeldPorts = { ports: Ports; release(): Promise<void> }

async function holdPorts(): Promise<Record<string, HeldPorts>> {
  return Object.fromEntries(await Promise.all(SERVICES.map(async ({ name }) => [name, await holdPortsOfOne()])))
}

async function holdPortsOfOne(): Promise<HeldPorts> {
  const all = await Promise.all([holdPort(), holdPort(), holdPort()])
  const [grpc, health, metrics] = all.map(({ port }) => port) as [number, number, number]
  const release = async () => {
    await Promise.all(all.map((one) => one.release()))
  }
  return { ports: { grpc, health, metrics }, release }
}

async function releaseAll(held: Record<string, HeldPorts>) {
  for (const { release } of Object.values(held)) await release()
}

/** The gRPC port of a service. */
const grpcPortOf = (name: string, { ports }: NetworkOptions, held: Surroundings['held']) =>
  ports === 'free' ? held[name]!.ports.grpc : portsOf(name, ports).grpc

async function startOne(entry: ServiceEntry, options: NetworkOptions, around: Surroundings): Promise<RunningService> {
  const { definition, name } = entry
  const database = await databaseOf(entry, options, around.secrets)
  const env = { ...environmentOf(entry, options, around), ...database.env }
  const held = around.held[name]
  const config = loadConfig(definition.config, { ...env, ...(held && environmentOfPorts(held.ports)) })
  const log = createLogger(name, config.log.level, logFile(options.state, name))
  await definition.store.migrate(config, log)
  const service = await createService(definition, config, { log })
  await held?.release()
  const ports = await service.start().catch(async (error: unknown) => {
    await service.destroy()
    throw error
  })
  const { context, waiting, destroy: stop } = service
  return { ports, databaseUrl: database.url, context, env, waiting, stop }
}

/** The database of a service, made where it has to be, and the environment by which the service finds it. */
async function databaseOf(
  { definition, name }: ServiceEntry,
  options: NetworkOptions,
  { database }: Secrets,
): Promise<{ url: string; env: Record<string, string> }> {
  const { adminUrl, mongoUrl, prefix = '' } = options
  switch (definition.store.kind) {
    case 'postgres': {
      const url = await ensureDatabase(adminUrl, `${prefix}promptforge_${name}`, database)
      return { url, env: { PF_POSTGRES_URL: url } }
    }
    case 'mongo': {
      const PF_MONGO_DATABASE = `${prefix}promptforge`
      return { url: mongoDatabase(mongoUrl, PF_MONGO_DATABASE), env: { PF_MONGO_URL: mongoUrl, PF_MONGO_DATABASE } }
    }
  }
}

function environmentOf(
  { name }: ServiceEntry,
  options: NetworkOptions,
  { certificates, secrets, held, providersFile, paymentsUrl }: Surroundings,
): Record<string, string> {
  const { ports, natsUrl, env: more } = options
  return {
    PF_HOST: '127.0.0.1',
    ...environmentOfPorts(ports === 'free' ? FREE : portsOf(name, ports)),
    PF_REFLECTION: 'true',
    PF_CERTIFICATES: join(certificates, name, 'current'),
    PF_TRUST_DOMAIN: MESH.trustDomain,
    PF_NAMESPACE: MESH.namespace,
    PF_TOKEN_ISSUER: AUTH.issuer,
    PF_TOKEN_AUDIENCE: AUTH.audience,
    ...Object.fromEntries(SERVICES.map((service) => targetOf(service.name, grpcPortOf(service.name, options, held)))),
    PF_NATS_URL: natsUrl,
    PF_PAGE_TOKEN_SECRET: secrets.pageTokens,
    PF_TEST_PROVIDERS_FILE: providersFile,
    PF_PAYMENTS_URL: paymentsUrl,
    PF_DRAIN_SETTLE_MS: '0',
    PF_DRAIN_GRACE_MS: '5000',
    ...OWN_ENV[name]?.(secrets),
    ...more,
  }
}

const targetOf = (name: string, port: number) => [`PF_${name.toUpperCase()}_SERVICE`, `dns:///localhost:${port}`]

const FREE: Ports = { grpc: 0, health: 0, metrics: 0 }

/** Where a service is to listen, as its environment says it. */
export const environmentOfPorts = ({ grpc, health, metrics }: Ports) => ({
  PF_PORT: String(grpc),
  PF_HEALTH_PORT: String(health),
  PF_METRICS_PORT: String(metrics),
})

/**
 * The ports of a service when `first` is the gRPC port of the user service: the others are as far above as by default, health is
 * 1000 above each, metrics 2000.
 */
export function portsOf(name: string, first: number): Ports {
  const grpc = first + defaultPort(name) - defaultPort('user')
  return { grpc, health: grpc + 1000, metrics: grpc + 2000 }
}

const defaultPort = (name: string) => SERVICES.find((entry) => entry.name === name)!.port

const logFile = (state: string, name: string) =>
  pino.destination({ dest: join(state, 'logs', `${name}.log`), append: true, sync: false })
