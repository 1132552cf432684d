import { rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { endWithParent } from '../../scripts/bootstrap/parent.mjs'
import { configureBroker } from './broker.ts'
import { type DevConfig, loadDevConfig } from './config.ts'
import { listConnections } from './connections.ts'
import { placesOf } from './infra/places.ts'
import { assertPortFree } from './infra/ports.ts'
import { together } from './infra/store.ts'
import { provideMongo, provideNats, providePostgres } from './infra/stores.ts'
import { openMembers } from './members.ts'
import { type Network, portsOf, startNetwork } from './network.ts'
import { paymentPort, providerPorts } from './providers.ts'
import { seed } from './seed.ts'
import { SERVICES } from '../services.ts'

const USAGE = `npm start [-- --fresh]

Runs PromptForge on this machine until Ctrl-C. Data stay in .promptforge/; --fresh deletes them first.
Environment variables set ports and other options: see docs/reference/configuration.md.`

await main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})

async function main() {
  const { values } = parseArgs({ options: { fresh: { type: 'boolean' }, help: { type: 'boolean' } } })
  if (values.help) return say(USAGE)
  const config = loadDevConfig()
  const clock = stepClock()
  // First: a process that has our ports may be using the data that --fresh removes.
  await assertPortsFree(config)
  if (values.fresh) removeData()

  const { state } = placesOf()
  const stopping = stopSignal()
  await openMembers(state)
  clock.done('certificates')
  await using stores = await together({
    postgres: providePostgres({ port: config.postgresPort }),
    mongo: provideMongo({ port: config.mongoPort }),
    nats: provideNats({ port: config.natsPort, ...brokerOf(state) }),
  })
  clock.done('stores')
  const network = await startNetwork({
    state,
    adminUrl: stores.postgres.url,
    mongoUrl: stores.mongo.url,
    natsUrl: stores.nats.url,
    ports: config.servicePort,
    gateway: {
      port: config.gatewayPort,
      adminPort: config.adminPort,
      rateLimitFactor: config.rateLimitFactor,
      corsOrigins: config.corsOrigins,
    },
    env: { PF_LOG_LEVEL: config.logLevel },
    onStep: clock.done,
  })
  try {
    if (await seed(network, state)) clock.done('demo data')
    listConnections(network, stores, state)
    say(readyText(network, state, clock.total()))
    await stopping
    say('\nStopping after running calls have finished.')
  } finally {
    await network.stop()
  }
}

function brokerOf(state: string) {
  const certificates = join(state, 'certificates')
  const configure = (storeDir: string) => configureBroker(join(state, 'broker'), storeDir, certificates)
  return { certificates, configure }
}

function readyText({ gateway }: Network, state: string, total: string) {
  const here = relative(process.cwd(), state)
  return `
PromptForge is ready (${total}).

  REST and gRPC   ${gateway.url}
  reference       ${gateway.url}/docs
  connections     ${here}/connections.env (databases, services, certificates, demo accounts)
  logs            ${here}/logs/

A first request:

  curl '${gateway.url}/v1/prompts?page_size=2'

docs/tutorial/first-licence.md continues from here, in a second terminal. Press Ctrl-C to stop everything.`
}

async function assertPortsFree(config: DevConfig) {
  await assertPortFree(config.gatewayPort, 'gateway', 'PF_GATEWAY_PORT')
  await assertPortFree(config.adminPort, 'the gateway’s admin interface', 'PF_GATEWAY_ADMIN_PORT')
  await assertPortFree(config.postgresPort, 'PostgreSQL', 'PF_POSTGRES_PORT')
  await assertPortFree(config.mongoPort, 'MongoDB', 'PF_MONGO_PORT')
  await assertPortFree(config.natsPort, 'NATS', 'PF_NATS_PORT')
  for (const [provider, port] of Object.entries(providerPorts(config.servicePort))) {
    await assertPortFree(port, `the provider ${provider}`, 'PF_SERVICE_PORT')
  }
  await assertPortFree(paymentPort(config.servicePort), 'the payment provider', 'PF_SERVICE_PORT')
  for (const { name } of SERVICES) {
    for (const [what, port] of Object.entries(portsOf(name, config.servicePort))) {
      await assertPortFree(port, `${name} ${what}`, 'PF_SERVICE_PORT')
    }
  }
}

function removeData() {
  const { state, postgres } = placesOf()
  for (const place of new Set([state, postgres])) rmSync(place, { recursive: true, force: true })
}

/** Resolves at the first Ctrl-C or SIGTERM, or when the parent has gone; a second signal ends the process at once. */
function stopSignal(): Promise<void> {
  const stopWatching = endWithParent()
  const stop = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  return stop.finally(stopWatching)
}

/** Says what is done, and how long it took. */
function stepClock() {
  const begun = performance.now()
  let last = begun
  const seconds = (from: number) => `${((performance.now() - from) / 1000).toFixed(1)} s`
  return {
    done: (step: string) => {
      say(`✓ ${step} ${seconds(last)}`)
      last = performance.now()
    },
    total: () => seconds(begun),
  }
}

function say(text: string) {
  process.stdout.write(`${text}\n`)
}
