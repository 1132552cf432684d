import { setTimeout as sleep } from 'node:timers/promises'
import { type Contract, loadContract, takesRequestId } from '#contracts/contract.ts'
import { queuesOf, relayedBy } from '#contracts/events.ts'
import { watchClosedAccounts } from './closed-accounts.ts'
import { type BaseConfig, loadConfig, type Schema as ConfigSchema } from './config.ts'
import type { Database } from './db/orm.ts'
import { poolMetrics } from './db/pool-metrics.ts'
import type { Store, StoreKind } from './db/store.ts'
import { openBroker } from './events/broker.ts'
import { deadLetterCommands } from './events/dead-letters.ts'
import { createLive, type Live } from './events/live.ts'
import { createPublish, type Publish } from './events/publisher.ts'
import { type Recovery, recoverCommand } from './events/recover.ts'
import { type Resync, resyncCommand } from './events/resync.ts'
import { createEvents, type ServiceEvents } from './events/service-events.ts'
import { streamAccessSchema } from './events/stream-access.ts'
import type { WorkQueue } from './events/work-queue.ts'
import { assertAllHandled, type Subscription } from './events/subscription.ts'
import type { ServerParts } from './grpc/admit.ts'
import { measureCertificateExpiry } from './grpc/certificate-expiry.ts'
import { type Channel, openChannel } from './grpc/client.ts'
import { createHealth, serveHealth } from './grpc/health.ts'
import { logGrpcTo } from './grpc/log.ts'
import { createPeers } from './grpc/peer.ts'
import { pathsOf, type Served, startServer } from './grpc/server.ts'
import { type Mesh, openMesh } from './grpc/tls.ts'
import { createTokenVerifier } from './grpc/tokens.ts'
import { type Identity, remoteIdentity } from './identity.ts'
import { type Job, startJobs } from './jobs.ts'
import { createLogger, type Logger } from './logger.ts'
import { createMetrics, type Metrics, serveMetrics } from './metrics.ts'
import { createPageTokens, type PageTokens } from './page-token.ts'
import { timeArgument } from './time-argument.ts'
import { createTracing } from './trace.ts'

/** What the chassis gives a service to build its context from. */
export type Base<C extends BaseConfig, S extends Store = Database> = {
  config: C
  contract: Contract
  log: Logger
  metrics: Metrics
  database: S
  pageTokens: PageTokens
  /** Publishes events without an outbox: those whose loss does no harm, or whose cause comes again until they are stored. */
  publish: Publish
  /** What replicas tell each other, which is kept nowhere. */
  live: Live
  /** A channel to another service at a gRPC target; it is closed with this service. */
  openChannel(service: string, target: string): Channel
}

/** The parts of a service in which it differs from the others. */
export type ServiceDefinition<C extends BaseConfig, Context, S extends Store = Database> = {
  /** As in its SPIFFE id, its database's name and its metrics: `prompt`. */
  name: string
  /** The nouns whose proto packages it serves, `promptforge.<noun>.v1`. Default: its name. */
  nouns?: readonly string[]
  config: ConfigSchema<C>
  store: StoreKind<C, S>
  /** What handlers and jobs need, made once: at most eight members. */
  context(base: Base<C, S>): Context | Promise<Context>
  /** Its gRPC services, with `serve`. */
  services(context: Context): Served<S>[]
  jobs?(context: Context): Job[]
  /** What it does with the events that the catalogue gives it: one for each stream, all of them. */
  subscriptions?(context: Context): Subscription[]
  /** The lanes of its queues that this replica works on. */
  queues?(context: Context): WorkQueue<any>[]
  /** How it knows users; from the user service unless it is that one. */
  identity?(context: Context): Identity
  /** The last thing that it does when it ends, while the broker and the database are still there. */
  close?(context: Context): Promise<void>
  /** What its command `resync` tells, with `resyncOf`; without it there is no such command. For a service on PostgreSQL. */
  resync?: S extends Database ? Resync : never
  /** What its command `recover` brings back of its own events, with `recovery`: see `events/recover.ts`. Without it only the events themselves come back. */
  recovery?(context: Context): Recovery
  /** The commands of `main.ts` besides `migrate`, by its first argument. They get the other arguments, and return the text to log. */
  commands?(context: Context): Commands
}

/** Commands of a service by name. They answer with what to log, or with what to write to the terminal. */
export type Commands = Record<string, (args: string[]) => Promise<object | Printed>>

/** Lines for a person; `isFailure` when not all of it was done, and then the exit code is 1. */
export type Printed = { lines: string[]; isFailure?: boolean }

/** What a test may put in the place of the real thing. */
export type Overrides<Context> = {
  context?: Partial<Context>
  identity?: Identity
  log?: Logger
  contract?: Contract
  /** How long a connection takes new calls, milliseconds. */
  connectionAgeMs?: number
}

/** Where a started service listens. */
export type Ports = { grpc: number; health: number; metrics: number }

/** A service that has been made. `start` it once; `destroy` drains and frees everything, also after a failed start. */
export type Service<Context> = {
  name: string
  context: Context
  /** What it can do instead of being started. */
  commands: Commands
  /** How many of its events have not been published yet. */
  waiting(): Promise<number>
  start(): Promise<Ports>
  destroy(): Promise<void>
}

/**
 * Makes a service from its definition and configuration: opens its database (without connecting) and its certificates,
 * builds its context. Nothing listens and no job runs before `start`.
 */
export async function createService<C extends BaseConfig, Context extends object, S extends Store>(
  definition: ServiceDefinition<C, Context, S>,
  config: C,
  overrides: Overrides<Context> = {},
): Promise<Service<Context>> {
  const opened = new AsyncDisposableStack()
  try {
    return await assemble(definition, config, overrides, opened)
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

/** Makes its parts. What has to be closed goes on the stack `opened`, which the service closes when it ends. */
async function assemble<C extends BaseConfig, Context extends object, S extends Store>(
  definition: ServiceDefinition<C, Context, S>,
  config: C,
  overrides: Overrides<Context>,
  opened: AsyncDisposableStack,
): Promise<Service<Context>> {
  const { name } = definition
  const { connectionAgeMs } = overrides
  const contract = overrides.contract ?? loadContract()
  const log = overrides.log ?? createLogger(name, config.log.level)
  logGrpcTo(log)
  const metrics = createMetrics(name)
  const tracing = await createTracing(name, config.trace)
  opened.defer(tracing.close)
  const mesh = openMesh(config.mesh)
  measureCertificateExpiry(metrics, config.mesh.certificates)
  const database = await definition.store.open(config, log, () => events.wake())
  opened.defer(database.close)
  poolMetrics(metrics.registry, database)
  const broker = openBroker({ service: name, url: config.nats.url, certificates: config.mesh.certificates }, log)
  opened.defer(broker.close)
  const open = (service: string, target: string) =>
    opened.adopt(openChannel({ contract, mesh, service, target }), async (channel) => channel.close())
  const pageTokens = createPageTokens(config.pageTokenSecret)
  const publish = createPublish(broker)
  const base: Base<C, S> = {
    config,
    contract,
    log,
    metrics,
    database,
    pageTokens,
    publish,
    live: createLive(broker),
    openChannel: open,
  }
  const context: Context = { ...(await definition.context(base)), ...overrides.context }
  opened.defer(async () => definition.close?.(context))
  const subscriptions = definition.subscriptions?.(context) ?? []
  assertAllHandled(name, subscriptions)
  const queues = workQueues(definition, context)
  const { lead, outbox } = database
  const events: ServiceEvents = createEvents({
    name,
    broker,
    outbox,
    lead,
    subscriptions,
    queues,
    log,
    metrics,
    tracing,
  })
  const identity =
    overrides.identity ?? definition.identity?.(context) ?? remoteIdentity(open('user', config.auth.userService))
  const closed = watchClosedAccounts(identity, metrics, log)
  const parts: ServerParts = {
    contract,
    log,
    metrics,
    tracing,
    verifyToken: createTokenVerifier({ ...config.auth, keys: identity.keys }),
    checkCaller: identity.checkCaller,
    isClosed: closed.isClosed,
    peerOf: createPeers(mesh),
    database,
    onWrite: events.wake,
  }
  const jobs = [...(definition.jobs?.(context) ?? []), ...(database.jobs ?? []), closed.job]
  const services = definition.services(context)
  assertStored(name, contract, services, { isRelayed: Boolean(outbox && lead), storesKeys: database.storesKeys })
  const resync: Resync | undefined = definition.resync
  const commands = {
    ...(outbox && replayCommand(outbox.replay)),
    ...(outbox &&
      relayedBy(name).length > 0 &&
      recoverCommand({ service: name, sql: database.sql!, recovery: definition.recovery?.(context), log })),
    ...(outbox && resync && resyncCommand({ sql: database.sql!, outbox, resync, log })),
    ...(subscriptions.length > 0 &&
      deadLetterCommands({ service: name, subscriptions, log, access: () => loadConfig(streamAccessSchema) })),
    ...definition.commands?.(context),
  }
  const waiting = async () => (outbox ? (await outbox.waiting()).rows : 0)
  return {
    name,
    context,
    commands,
    waiting,
    ...lifecycle({ name, config, parts, mesh, database, events, jobs, opened, services, connectionAgeMs }),
  }
}

/** The lanes that a service works on. Throws when the catalogue gives it a queue and it has no `queues`. */
function workQueues<Context>(
  { name, queues }: Pick<ServiceDefinition<never, Context, never>, 'name' | 'queues'>,
  context: Context,
): WorkQueue<any>[] {
  const [queue] = queuesOf(name)
  if (queue && !queues) throw new Error(`${name} does not work on its queue ${queue}: name its \`queues\``)
  return queues?.(context) ?? []
}

/** Throws when what a service does has no table in its database. */
function assertStored(
  name: string,
  { methods }: Contract,
  services: Served<never>[],
  { isRelayed, storesKeys }: { isRelayed: boolean; storesKeys: boolean | undefined },
): void {
  const missing = (table: string, because: string) =>
    new Error(`${name} ${because}: add '${table}' to the tables of its db/schema.ts, and a migration that creates it`)
  const [emitted] = relayedBy(name)
  if (emitted && !isRelayed) throw missing('outbox', `emits ${emitted.name} and has no outbox`)
  const claiming = pathsOf(services).find((path) => methods.has(path) && takesRequestId(methods.get(path)!))
  if (claiming && !storesKeys) throw missing('idempotency_keys', `serves ${claiming} and stores no idempotency keys`)
}

type Parts = {
  name: string
  config: BaseConfig
  parts: ServerParts
  mesh: Mesh
  database: Store
  events: ServiceEvents
  services: Served<never>[]
  jobs: Job[]
  opened: AsyncDisposableStack
  connectionAgeMs: number | undefined
}

/**
 * Starting and, in the reverse order, ending: health says so first, calls drain, then jobs, events, channels and pools go. What ends
 * while it starts waits for the start, and what cannot start ends by itself.
 */
function lifecycle({ name, config, parts, mesh, database, events, services, jobs, opened, connectionAgeMs }: Parts) {
  let starting: Promise<Ports> | undefined
  const open = async (): Promise<Ports> => {
    const { host, reflection, port } = config.grpc
    const health = createHealth(name, () => database.ping(), parts.log)
    opened.defer(health.stop)
    const plain = await serveHealth(health, host, config.health.port)
    opened.defer(plain.close)
    const metrics = await serveMetrics(parts.metrics, host, config.metrics.port)
    opened.defer(metrics.close)
    opened.defer(events.stop)
    const work = opened.adopt(new AsyncDisposableStack(), (stack) => stack.disposeAsync())
    const server = await startServer({ parts, services, mesh, health, reflection, host, port, connectionAgeMs })
    opened.defer(async () => {
      health.drain()
      await sleep(config.drain.settleMs)
      await server.shutdown(config.drain.graceMs)
    })
    work.defer(startJobs(jobs, database.lead, parts.log))
    events.start()
    const ports = { grpc: server.port, health: plain.port, metrics: metrics.port }
    parts.log.info({ ports }, 'listening')
    return ports
  }
  const start = () => {
    starting ??= open().catch(async (error: unknown) => {
      await opened.disposeAsync()
      throw error
    })
    return starting
  }
  const destroy = async () => {
    await starting?.catch(() => undefined)
    await opened.disposeAsync()
  }
  return { start, destroy }
}

/** `replay 2026-11-20T00:00:00Z`: publishes again everything since then. Nothing happens twice, for the ids stay the same. */
export const replayCommand = (replay: (since: Date) => Promise<number>): Commands => ({
  replay: async ([since = '']) => ({ replayed: await replay(timeArgument('replay', since)) }),
})
