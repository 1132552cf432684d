import { join } from 'node:path'
import { type Contract, loadContract } from '#contracts/contract.ts'
import { type BaseConfig, loadConfig, type Schema as ConfigSchema } from '../config.ts'
import type { Database } from '../db/orm.ts'
import { createService, type Overrides, type Service, type ServiceDefinition } from '../define-service.ts'
import type { Store } from '../db/store.ts'
import type { RpcService } from '../grpc/call.ts'
import { createStub, openChannel, type Stub } from '../grpc/client.ts'
import { type Mesh, type MeshConfig, openMesh } from '../grpc/tls.ts'
import { createLogger } from '../logger.ts'
import { patient } from './contract.ts'
import { type TestDatabase, testDatabase } from './database.ts'
import { TEST_AUTH, type TestIdentity, testIdentity } from './identity.ts'
import { type TestMongo, testMongo } from './mongo.ts'

/** A real service on free ports with a database of its own, and real clients for it. */
export type TestService<Context, D = TestDatabase> = {
  service: Service<Context>
  database: D
  identity: TestIdentity
  /** gRPC target, `localhost:port`. */
  target: string
  metricsUrl: string
  /** Where health is asked for, in plaintext. */
  healthTarget: string
  /** Calls over mutual TLS, as a person's client, or with the certificate of `peer`. */
  stub<S extends RpcService>(definition: S, peer?: string): Stub<S>
  /** Runs work that provokes errors on purpose: meanwhile the service does not log them. Its other errors are logged to stderr. */
  silenced<T>(work: () => Promise<T>): Promise<T>
  stop(): Promise<void>
}

/** The certificates of one member of the test mesh, which the test run made: a service, `gateway` or `client`. */
export function testMesh(member: string): MeshConfig {
  const directory = process.env['PF_TEST_CERTIFICATES']
  if (!directory) throw new Error('PF_TEST_CERTIFICATES is not set: run the tests with `npm test`')
  return {
    certificates: join(directory, member, 'current'),
    trustDomain: 'promptforge.local',
    namespace: 'promptforge',
  }
}

/** An address where nothing listens: a service without a broker works, and its events wait. */
const NO_NATS = 'nats://127.0.0.1:1'

/** A configuration for tests: the schema's defaults, free ports, no waiting; `env` is the rest of the service's configuration. */
export function testConfig<C extends BaseConfig>(
  definition: { name: string; config: ConfigSchema<C> },
  env: Record<string, string> = {},
): C {
  const { certificates, trustDomain, namespace } = testMesh(definition.name)
  const defaults = loadConfig(definition.config, {
    PF_CERTIFICATES: certificates,
    PF_TRUST_DOMAIN: trustDomain,
    PF_NAMESPACE: namespace,
    PF_NATS_URL: NO_NATS,
    PF_PAGE_TOKEN_SECRET: 'a secret for page tokens of tests',
    PF_TOKEN_ISSUER: TEST_AUTH.issuer,
    PF_TOKEN_AUDIENCE: TEST_AUTH.audience,
    PF_LOG_LEVEL: process.env['PF_LOG_LEVEL'] ?? 'error',
    PF_HOST: '127.0.0.1',
    PF_PORT: '0',
    PF_HEALTH_PORT: '0',
    PF_METRICS_PORT: '0',
    ...env,
  })
  return { ...defaults, drain: { settleMs: 0, graceMs: 2000 } }
}

/** The database of a test, of the kind that a service has. */
type DatabaseOf<S extends Store> = S extends Database ? TestDatabase : TestMongo

/**
 * Starts a service for a test file: call it in `beforeAll`, and `stop` in `afterAll`. On a `database` that is given, it is one
 * more replica: it neither migrates nor drops it.
 */
export async function startTestService<C extends BaseConfig, Context extends object, S extends Store>(
  definition: ServiceDefinition<C, Context, S>,
  options: {
    config?: Partial<C>
    env?: Record<string, string>
    overrides?: Overrides<Context>
    database?: DatabaseOf<S>
  } = {},
): Promise<TestService<Context, DatabaseOf<S>>> {
  const { kind, migrate, schema } = definition.store
  const make = () => (kind === 'mongo' ? testMongo() : testDatabase(schema))
  const database = (options.database ?? (await make())) as DatabaseOf<S>
  const identity = await testIdentity()
  const config = { ...testConfig(definition, { ...database.env, ...options.env }), ...options.config } as C
  const log = options.overrides?.log ?? createLogger(definition.name, config.log.level, process.stderr)
  const drop = async () => {
    if (!options.database) await database.drop()
  }
  const start = async () => {
    if (!options.database && kind === 'mongo') await migrate(config, log)
    const overrides = definition.identity ? { log } : { log, identity }
    const service = await createService(definition, config, { ...overrides, ...options.overrides })
    try {
      return { service, ports: await service.start() }
    } catch (error) {
      await service.destroy()
      throw error
    }
  }
  const { service, ports } = await start().catch(async (error) => {
    await drop()
    throw error
  })
  const { grpc, health, metrics } = ports
  const target = `localhost:${grpc}`
  const clients = openClients(definition.name, target, options.overrides?.contract)
  return {
    service,
    database,
    identity,
    target,
    metricsUrl: `http://127.0.0.1:${metrics}/metrics`,
    healthTarget: `127.0.0.1:${health}`,
    stub: clients.stub,
    silenced: async (work) => {
      const { level } = log
      log.level = 'silent'
      try {
        return await work()
      } finally {
        log.level = level
      }
    },
    stop: async () => {
      await service.destroy()
      clients.close()
      await drop()
    },
  }
}

function openClients(service: string, target: string, contract: Contract = loadContract()) {
  const channels: ReturnType<typeof openChannel>[] = []
  const meshes = new Map<string, Mesh>()
  const meshOf = (peer: string) => {
    const mesh = meshes.get(peer) ?? openMesh(testMesh(peer))
    meshes.set(peer, mesh)
    return mesh
  }
  return {
    stub: <S extends RpcService>(definition: S, peer = 'client') => {
      const channel = openChannel({ contract: patient(contract), mesh: meshOf(peer), service, target })
      channels.push(channel)
      return createStub(channel, definition)
    },
    close: () => {
      for (const channel of channels) channel.close()
    },
  }
}
