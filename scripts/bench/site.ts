import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JetStreamManager } from '@nats-io/jetstream'
import { until } from '#chassis/testing/until.ts'
import { DEPLOY } from '../../services/broker/broker.ts'
import { startGateway } from '../../services/dev-env/gateway.ts'
import type { Network } from '../../services/dev-env/network.ts'
import { SERVICES } from '../../services/services.ts'
import { addBareLane, BARE_LANE } from './bare/test-loop.ts'
import { type Callers, CALLERS, signIn } from './callers.ts'
import type { Data } from './cells.ts'
import { onDatabase } from '../processes/on-database.ts'
import type { Tls } from './load/job.ts'
import type { Side } from './measure.ts'
import { fillLicenses, fillListings } from './seed-marketplace.ts'
import { fillFollows, fillPrompts, fillUsers, fillVersions } from './seed.ts'
import { createSpine, type Spine } from './spine.ts'
import { flagsOf } from '../processes/flags.ts'
import { readPems } from '../processes/pems.ts'
import { type Server, startServer } from '../processes/server.ts'
import { openSite } from '../processes/site.ts'
import { residentMiB } from '../processes/usage.ts'

const USERS = 300
const PROMPTS = 20_000
const LISTINGS = 100_000
const LICENSES = 1000

/** Milliseconds that a service is left alone before its memory is read. */
const REST_MS = 5000

/** The services and the bare server beside them, on the same PostgreSQL, each a process of its own. */
export type BenchSite = AsyncDisposable & {
  spine: Spine
  manager: JetStreamManager
  databases: Urls
  /** The process and port of the analytics service, of the test service, and of the bare server beside that. */
  analytics: { pid: number; port: number }
  test: { pid: number; port: number }
  bareTest: { pid: number; port: number }
  /** What the test service is started with. */
  testEnv: Record<string, string>
  /** Folder with the certificates of people's clients. */
  certificates: string
  sides: { real: Side; bare: Side }
  /** The services before their first request: as they start the first time, and when Node has kept their compiled code. */
  atRest: { name: string; first: Rest; again: Rest }[]
  tls: Tls
  data(): Promise<Data>
}

/** MiB that a server has resident when it has nothing to do, and milliseconds until it listened. */
export type Rest = { residentMiB: number; readyMs: number }

/** Builds the site. `flags` are for Node, on both sides alike; `say` hears of each step and may throw to give up. */
export async function openBenchSite(flags: string[], say: (step: string) => void): Promise<BenchSite> {
  await using parts = new AsyncDisposableStack()
  const base = parts.use(await openSite('bench', { ports: 'free', gateway: gatewayOptions(1) }))
  const { state, network, manager } = base
  say('ready: stores, databases and certificates')

  const startIn =
    (scope: AsyncDisposableStack): Start =>
    async (name, command, env) => {
      const cached = { ...env, NODE_COMPILE_CACHE: join(state, 'compiled') }
      return scope.use(await startServer({ name, command, env: cached, flags: flagsOf(name, flags), logs: state }))
    }
  const first = await restFirst(network, startIn)
  const start = startIn(parts)
  const real = await startServices(network, start)
  const again = await restOf(real)
  const atRest = SERVICES.map(({ name }) => ({ name, first: first[name]!, again: again[name]! }))
  say('ready: services')

  const client = join(network.certificates, 'client', 'current')
  const callers = parts.use(await signIn(real.user.port, client))
  const urls = base.databases as Urls
  const data = await fill(urls, callers, network.services['marketplace']!.env)
  say(`ready: ${USERS} users, ${PROMPTS} prompts and ${LISTINGS} listings`)

  const keys = await callers.keys()
  const bare = await startBare(network, { keys, prompt: real.prompt }, start)
  const testEnv = network.services['test']!.env
  await addBareLane(manager, BARE_LANE)
  const bareTest = await start('bare-test', ['scripts/bench/bare/main.ts', 'test'], {
    ...testEnv,
    PF_BENCH_KEYS: keys,
    PF_BENCH_DEPLOY: join(network.certificates, DEPLOY, 'current'),
    PF_VERSION_SERVICE: targetOf(real.versions),
  })
  const sides = {
    real: await withGateway(network, 'real', real, parts),
    bare: await withGateway(network, 'bare', bare, parts),
  }
  say('ready: bare servers and gateways')
  const tls = readPems(client)
  const spine = parts.use(
    await createSpine({
      manager,
      databases: { user: urls.user, prompt: urls.prompt, marketplace: urls.marketplace },
      analytics: real.analytics.pid,
      say,
    }),
  )
  const all = parts.move()
  const known = {
    spine,
    manager,
    databases: urls,
    analytics: real.analytics,
    test: real.test,
    bareTest,
    testEnv,
    certificates: client,
  }
  return { ...known, sides, atRest, tls, data, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

type Start = (name: string, command: string[], env: Record<string, string>) => Promise<Server>

/** Every service; the measurements ask for these by name. */
type Named<T> = Record<string, T> & Record<'user' | 'prompt' | 'version' | 'test' | 'analytics' | 'marketplace', T>
type Servers = Named<Server> & { versions: Server }
type Urls = Named<string>

async function startServices({ services }: Network, start: Start): Promise<Servers> {
  const targets: Record<string, string> = {}
  const versions = await start('bare-versions', ['scripts/bench/bare/main.ts', 'versions'], services['version']!.env)
  const servers: Record<string, Server> = { versions }
  for (const { name } of SERVICES) {
    // Its versions come from memory.
    const own: Record<string, string> = name === 'test' ? { PF_VERSION_SERVICE: targetOf(versions) } : {}
    const server = await start(name, [`services/${name}/main.ts`], { ...services[name]!.env, ...targets, ...own })
    targets[`PF_${name.toUpperCase()}_SERVICE`] = targetOf(server)
    servers[name] = server
  }
  return servers as Servers
}

const targetOf = ({ port }: Server) => `dns:///localhost:${port}`

// What is compiled is written when a process ends.
async function restFirst(network: Network, startIn: (scope: AsyncDisposableStack) => Start) {
  await using scope = new AsyncDisposableStack()
  return await restOf(await startServices(network, startIn(scope)))
}

async function restOf(servers: Servers): Promise<Record<string, Rest>> {
  await sleep(REST_MS)
  const rest = ({ pid, readyMs }: Server): Rest => ({ readyMs, residentMiB: residentMiB(pid) })
  return Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, rest(server)]))
}

type BareServers = Pick<Servers, 'user' | 'prompt' | 'version' | 'marketplace'>

/** The bare version server asks the real prompt service, as the real one does. */
async function startBare(
  { services }: Network,
  { keys, prompt }: { keys: string; prompt: Server },
  start: Start,
): Promise<BareServers> {
  const more = { PF_BENCH_KEYS: keys, PF_PROMPT_SERVICE: targetOf(prompt) }
  const one = (name: string) =>
    start(`bare-${name}`, ['scripts/bench/bare/main.ts', name], { ...services[name]!.env, ...more })
  return {
    user: await one('user'),
    prompt: await one('prompt'),
    version: await one('version'),
    marketplace: await one('marketplace'),
  }
}

async function withGateway(
  network: Network,
  name: string,
  servers: BareServers,
  parts: AsyncDisposableStack,
): Promise<Side> {
  const own = Object.fromEntries(Object.entries(servers).map(([service, { port }]) => [service, [port]]))
  const targets = { ...network.place.targets, ...own }
  const place = { ...network.place, state: join(network.place.state, name), targets }
  // No limit of the gateway's is reached.
  const gateway = await startGateway(gatewayOptions(100_000), place)
  parts.defer(gateway.stop)
  return { ...servers, gatewayPort: gateway.port }
}

const gatewayOptions = (rateLimitFactor: number) => ({ port: 0, adminPort: 0, rateLimitFactor, corsOrigins: [] })

/** Fills the databases, and answers with how to get the data with fresh tokens. `env` is that of the marketplace. */
async function fill(urls: Urls, callers: Callers, env: Record<string, string>): Promise<BenchSite['data']> {
  const people = await fillUsers(urls.user, USERS)
  await fillPrompts(urls.prompt, people, PROMPTS)
  await fillFollows(urls.prompt, people)
  await until(
    'the ranks of all prompts',
    async () => {
      const [row] = await onDatabase<{ due: boolean }>(
        urls.prompt,
        'select exists (select from prompt_rank_due) as due',
      )
      return !row!.due
    },
    60_000,
  )
  await onDatabase(urls.prompt, 'vacuum analyze')
  const owned = await onDatabase<{ user_id: string; ids: string[] }>(
    urls.prompt,
    'select user_id, (array_agg(id order by id))[1:40] as ids from prompts group by user_id',
  )
  const some = await onDatabase<{ id: string }>(urls.prompt, 'select id from prompts order by random() limit 1000')
  await fillVersions(
    urls.prompt,
    urls.version,
    some.map(({ id }) => id),
  )
  const categories = await onDatabase<{ name: string }>(urls.prompt, 'select name from categories order by name')
  const listingIds = await fillListings(
    urls.marketplace,
    // Nobody buys their own.
    people.slice(CALLERS),
    categories.map(({ name }) => name),
    LISTINGS,
  )
  const licenseKeys = await fillLicenses(urls.marketplace, env['PF_LICENSE_KEY_SECRET']!, LICENSES)
  const idsOf = new Map(owned.map(({ user_id, ids }) => [user_id, ids]))
  return async () => ({
    callers: (await callers.signedIn(people)).map((caller) => ({ ...caller, promptIds: idsOf.get(caller.id)! })),
    userIds: people.map(({ id }) => id),
    usernames: people.map(({ username }) => username),
    promptIds: some.map(({ id }) => id),
    categories: categories.map(({ name }) => name),
    listingIds,
    licenseKeys,
    password: callers.password,
  })
}
