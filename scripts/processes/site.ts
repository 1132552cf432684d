import { dirname, join } from 'node:path'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connectDeploy } from '../../services/broker/apply.ts'
import { DEPLOY } from '../../services/broker/broker.ts'
import { configureBroker } from '../../services/dev-env/broker.ts'
import type { GatewayOptions } from '../../services/dev-env/gateway.ts'
import { startMongo } from '../../services/dev-env/infra/mongo.ts'
import { startNats } from '../../services/dev-env/infra/nats.ts'
import { startPostgres } from '../../services/dev-env/infra/postgres.ts'
import { writeProviders } from '../../services/dev-env/providers.ts'
import { type Sandbox, startSandbox } from '../../services/dev-env/sandbox/start.ts'
import { openMembers } from '../../services/dev-env/members.ts'
import { type PaymentProvider, startPayments } from '../../services/dev-env/payments/start.ts'
import { paymentSecrets } from '../../services/dev-env/secrets.ts'
import { type Network, startNetwork } from '../../services/dev-env/network.ts'
import { type Kind, makeFolders } from './folders.ts'

/** Stores and a broker of their own, with everything that the services need to be started beside them. */
export type Site = AsyncDisposable & {
  /** Folder for logs and whatever else belongs to the site. */
  state: string
  postgres: Awaited<ReturnType<typeof startPostgres>>
  mongo: Awaited<ReturnType<typeof startMongo>>
  nats: Awaited<ReturnType<typeof startNats>>
  /** Databases, certificates, secrets and environments of all services. Nothing of it runs. */
  network: Network
  /** URL of each service's database. */
  databases: Record<string, string>
  manager: JetStreamManager
  /** In a chaos: the calls of the sandbox, a `NotedCall` in a line. */
  calls: string
  /** The provider of models, which may be killed and started again. */
  sandbox: Sandbox
  /** The payment provider, which may be killed and started again. */
  payments: PaymentProvider
}

/** Builds it in temporary folders. `ports` are those of the services: 'free', or the first of a fixed row. */
export async function openSite(
  name: Kind,
  { ports, gateway }: { ports: 'free' | number; gateway: GatewayOptions },
): Promise<Site> {
  await using opened = new AsyncDisposableStack()
  const { state, postgres: dataDir, programs } = opened.use(makeFolders(name))
  const postgres = opened.use(await startPostgres({ dataDir, home: programs, port: 0 }))
  const mongo = opened.use(await startMongo({ dataDir: join(state, 'mongo'), port: 0 }))
  await openMembers(state)
  const configPath = configureBroker(join(state, 'broker'), join(state, 'nats'), join(state, 'certificates'))
  const nats = opened.use(await startNats({ configPath, port: 0, logFile: join(state, 'nats.log') }))
  const stores = { adminUrl: postgres.adminUrl, mongoUrl: mongo.url, natsUrl: nats.url }
  const network = await startNetwork({ state, ...stores, ports, gateway })
  // It has made databases, streams, certificates and secrets. The services become processes of their own.
  await network.stop()
  // Where the environment of the test service says that its providers are.
  const folder = dirname(network.services['test']!.env['PF_TEST_PROVIDERS_FILE']!)
  const calls = join(folder, 'calls.jsonl')
  const sandbox = await startSandbox({ port: 0, folder, ...(name === 'chaos' && { journal: calls }) })
  opened.defer(sandbox.stop)
  writeProviders(folder, { sandbox })
  const { env } = network.services['marketplace']!
  const payments = await startPayments({
    port: Number(new URL(env['PF_PAYMENTS_URL']!).port),
    folder,
    ...(name === 'chaos' && { journal: join(folder, 'payments.jsonl') }),
    ...paymentSecrets(network.secrets),
  })
  opened.defer(payments.stop)
  const connection = await connectDeploy({
    url: nats.url,
    certificates: join(network.certificates, DEPLOY, 'current'),
  })
  opened.defer(() => connection.close())
  const manager = await jetstreamManager(connection)
  const databases = Object.fromEntries(
    Object.entries(network.services).map(([service, { databaseUrl }]) => [service, databaseUrl]),
  )
  const all = opened.move()
  const close = () => all.disposeAsync()
  return {
    state,
    postgres,
    mongo,
    nats,
    network,
    databases,
    manager,
    calls,
    sandbox,
    payments,
    [Symbol.asyncDispose]: close,
  }
}
