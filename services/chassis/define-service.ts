import { setTimeout as sleep } from 'node:timers/promises'
import { type Contract, loadContract } from '#contracts/contract.ts'
import type { BaseConfig, Schema as ConfigSchema } from './config.ts'
import { deleteOldKeys } from './db/idempotency.ts'
import { type Database, openDatabase, type Schema } from './db/orm.ts'
import type { ServerParts } from './grpc/admit.ts'
import { type Channel, openChannel } from './grpc/client.ts'
import { createHealth, serveHealth } from './grpc/health.ts'
import { createPeers } from './grpc/peer.ts'
import { type Served, startServer } from './grpc/server.ts'
import { type Mesh, openMesh } from './grpc/tls.ts'
import { createTokenVerifier } from './grpc/tokens.ts'
import { type Identity, remoteIdentity } from './identity.ts'
import { type Job, startJobs } from './jobs.ts'
import { createLogger, type Logger } from './logger.ts'
import { createMetrics, type Metrics, serveMetrics } from './metrics.ts'
import { createPageTokens, type PageTokens } from './page-token.ts'
import { createTracing } from './trace.ts'

/** What the chassis gives a service to build its context from. */
export type Base<C extends BaseConfig> = {
  config: C
  contract: Contract
  log: Logger
  metrics: Metrics
  database: Database
  pageTokens: PageTokens
  /** A channel to another service at a gRPC target; it is closed with this service. */
  openChannel(service: string, target: string): Channel
}

/** What a service is, beside what all are. */
export type ServiceDefinition<C extends BaseConfig, Context> = {
  /** As in its SPIFFE id, its database's name and its metrics: `prompt`. */
  name: string
  config: ConfigSchema<C>
  schema: Schema
  /** What handlers and jobs need, made once: at most eight members. */
  context(base: Base<C>): Context | Promise<Context>
  /** Its gRPC services, with `serve`. */
  services(context: Context): Served[]
  jobs?(context: Context): Job[]
  /** How it knows users; from the user service unless it is that one. */
  identity?(context: Context): Identity
}

/** What a test may put in the place of the real thing. */
export type Overrides<Context> = { context?: Partial<Context>; identity?: Identity; log?: Logger }

/** Where a started service listens. */
export type Ports = { grpc: number; health: number; metrics: number }

/** A service that has been made. `start` it once; `destroy` drains and frees everything, also after a failed start. */
export type Service<Context> = {
  name: string
  context: Context
  start(): Promise<Ports>
  destroy(): Promise<void>
}

/** Milliseconds between two clean-ups of idempotency keys. */
const CLEAN_UP_MS = 3_600_000

/**
 * Makes a service from its definition and configuration: opens its database (without connecting) and its certificates,
 * builds its context. Nothing listens and no job runs before `start`.
 */
export async function createService<C extends BaseConfig, Context extends object>(
  definition: ServiceDefinition<C, Context>,
  config: C,
  overrides: Overrides<Context> = {},
): Promise<Service<Context>> {
  const { name } = definition
  const contract = loadContract()
  const log = overrides.log ?? createLogger(name, config.log.level)
  const metrics = createMetrics(name)
  const tracing = await createTracing(name, config.trace)
  const mesh = openMesh(config.mesh)
  const database = await openDatabase(definition.schema, config.postgres, log)
  const channels: Channel[] = []
  const open = (service: string, target: string) => {
    const channel = openChannel({ contract, mesh, service, target })
    channels.push(channel)
    return channel
  }
  const pageTokens = createPageTokens(config.pageTokenSecret)
  const base: Base<C> = { config, contract, log, metrics, database, pageTokens, openChannel: open }
  const context: Context = { ...(await definition.context(base)), ...overrides.context }
  const identity =
    overrides.identity ?? definition.identity?.(context) ?? remoteIdentity(open('user', config.auth.userService))
  const parts: ServerParts = {
    contract,
    log,
    metrics,
    tracing,
    verifyToken: createTokenVerifier({ ...config.auth, keys: identity.keys }),
    checkCaller: identity.checkCaller,
    peerOf: createPeers(mesh),
    database,
  }
  const jobs = [...(definition.jobs?.(context) ?? []), cleanUp(database)]
  const release = async () => {
    for (const channel of channels) channel.close()
    await tracing.close()
    await database.close()
  }
  return {
    name,
    context,
    ...lifecycle({ name, config, parts, mesh, database, jobs, release, services: definition.services(context) }),
  }
}

type Parts = {
  name: string
  config: BaseConfig
  parts: ServerParts
  mesh: Mesh
  database: Database
  services: Served[]
  jobs: Job[]
  release(): Promise<void>
}

/** Starting and, in the reverse order, ending: health says so first, calls drain, then jobs, channels and pools go. */
function lifecycle({ name, config, parts, mesh, database, services, jobs, release }: Parts) {
  const ending: (() => Promise<unknown>)[] = [release]
  const start = async (): Promise<Ports> => {
    const { host, reflection, port } = config.grpc
    const health = createHealth(name, () => database.ping())
    ending.unshift(async () => health.stop())
    const plain = await serveHealth(health, host, config.health.port)
    ending.unshift(plain.close)
    const metrics = await serveMetrics(parts.metrics, host, config.metrics.port)
    ending.unshift(metrics.close)
    const server = await startServer({ parts, services, mesh, health, reflection, host, port })
    ending.unshift(async () => {
      health.drain()
      await sleep(config.drain.settleMs)
      await server.shutdown(config.drain.graceMs)
    })
    const stopJobs = startJobs(jobs, parts.log)
    ending.splice(1, 0, stopJobs)
    const ports = { grpc: server.port, health: plain.port, metrics: metrics.port }
    parts.log.info({ ports }, 'listening')
    return ports
  }
  const destroy = async () => {
    for (const end of ending.splice(0)) await end()
  }
  return { start, destroy }
}

const cleanUp = ({ sql }: Database): Job => ({
  name: 'delete old idempotency keys',
  everyMs: CLEAN_UP_MS,
  run: () => sql(deleteOldKeys, []),
})
