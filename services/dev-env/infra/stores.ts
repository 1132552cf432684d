import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { dockerAnswers } from './docker.ts'
import { placesOf } from './places.ts'
import { startDockerPostgres } from './postgres-docker.ts'
import { answers } from './postgres-url.ts'
import { startPostgres } from './postgres.ts'

export { writeConnections } from './connections-file.ts'

/** How to provide the stores. */
export type StoresOptions = {
  /** Port of a PostgreSQL that is started; 0 takes a free one. */
  postgresPort: number
  /** URL of the superuser of a PostgreSQL that is there already; default PF_POSTGRES_URL. */
  postgresUrl?: string | undefined
  /** Whether data survive a power cut. Default true; tests do without, which is quicker. */
  durable?: boolean
  /** Name of the folder that the data lie in, below the clone's places. Default `stores`. */
  folder?: string
  /** Where stores that are started come from. Default PF_STORES, or: Docker when it answers, else the packages. */
  from?: 'docker' | 'packages' | undefined
}

/** A store, and where it comes from. */
export type Store = {
  /** URL of its superuser. */
  adminUrl: string
  source: 'configuration' | 'docker' | 'packages'
  /** Folder of its data, when it is ours. */
  dataDir?: string
}

/** The stores that the services need. */
export type Stores = AsyncDisposable & {
  postgres: Store
  /** Stops what was started. */
  stop(): Promise<void>
}

type Started = Store & { stop(): Promise<void> }

// No write of a test needs to reach the disk, and no test lives long enough for the vacuum.
const HASTY = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' }

/**
 * Provides the stores, in this order: at the URL that is configured; in Docker, where a daemon answers; from the package
 * registries. Data stay with what made them: once a clone has data from packages it keeps to packages, and if it has data in
 * Docker, Docker must answer. Where Docker answers and gives no PostgreSQL, for want of an image, the packages do.
 */
export async function provideStores(options: StoresOptions): Promise<Stores> {
  const { stop, ...postgres } = await providePostgres(options)
  return { postgres, stop, [Symbol.asyncDispose]: stop }
}

async function providePostgres(options: StoresOptions): Promise<Started> {
  const { postgresUrl = process.env['PF_POSTGRES_URL'], from = sourceSetting(), folder = 'stores' } = options
  if (postgresUrl) return await configured(postgresUrl)
  const { state, postgres: home } = placesOf()
  const dockerDir = join(state, folder, 'postgres-docker')
  const dataDir = join(home, folder, 'postgres')
  const { postgresPort: port, durable = true } = options
  const settings = { max_connections: '300', timezone: 'UTC', ...(durable ? {} : HASTY) }
  if (from === 'docker' || existsSync(dockerDir)) return await inDocker(dockerDir, port, settings)
  if (!from && !existsSync(dataDir) && (await dockerAnswers())) {
    try {
      return await inDocker(dockerDir, port, settings)
    } catch (error) {
      for (const path of [dockerDir, `${dockerDir}.password`]) rmSync(path, { recursive: true, force: true })
      process.stderr.write(`Docker gave no PostgreSQL (${(error as Error).message.trim()}): taking the packaged one.\n`)
    }
  }
  mkdirSync(join(state, 'logs'), { recursive: true, mode: 0o700 })
  const logFile = join(state, 'logs/postgres.log')
  const { adminUrl, stop } = await startPostgres({ dataDir, home, port, settings, ...(durable && { logFile }) })
  return { adminUrl, stop, source: 'packages', dataDir }
}

async function inDocker(dataDir: string, port: number, settings: Record<string, string>): Promise<Started> {
  if (!(await dockerAnswers())) {
    throw new Error('PostgreSQL is to run in Docker, which does not answer: start it, or begin anew with --fresh')
  }
  const { adminUrl, stop } = await startDockerPostgres({ dataDir, port, settings })
  return { adminUrl, stop, source: 'docker', dataDir }
}

async function configured(adminUrl: string): Promise<Started> {
  const { host } = new URL(adminUrl)
  if (!(await answers(adminUrl))) throw new Error(`PF_POSTGRES_URL names ${host}, where no PostgreSQL answers`)
  return { adminUrl, source: 'configuration', stop: () => Promise.resolve() }
}

function sourceSetting(): StoresOptions['from'] {
  const value = process.env['PF_STORES']
  if (!value) return undefined
  if (value === 'docker' || value === 'packages') return value
  throw new Error(`PF_STORES is '${value}': it can be docker or packages`)
}
