import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { disownStalePid, isServing, openCluster, postgresUser, type SystemUser } from './postgres-cluster.ts'
import { postgresPrograms } from './postgres-programs.ts'
import { answers } from './postgres-url.ts'
import { Child } from './process.ts'
import { type Server, startServer } from './server.ts'

/** How to run a PostgreSQL. */
export type PostgresOptions = {
  /** Where its data lie; made on first use. For root it must be a place that user postgres can reach: see `placesOf`. */
  dataDir: string
  /** Port on 127.0.0.1; 0 takes a free one. */
  port: number
  /** Folder that the programs are copied to. Default: the folder of `dataDir`. */
  home?: string
  /** Superuser's password for a new `dataDir`; default: a random one. Kept in `<dataDir>.password`, mode 0600. */
  password?: string
  /** Server settings, over the defaults of `max_connections` 300 and time zone UTC. */
  settings?: Record<string, string>
  /** Log file; default `<dataDir>.log`. */
  logFile?: string
}

/** How a restart ends the server: in order, at once with recovery afterwards, or by SIGKILL as in a crash. */
export type Restart = 'fast' | 'immediate' | 'kill'

const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const

/** A PostgreSQL of ours. */
export type Postgres = Server<Restart> & {
  /** URL of the superuser on database `postgres`. */
  adminUrl: string
}

type Cluster = { programs: string; user: SystemUser | undefined; dataDir: string; settings: string[]; logFile: string }

/**
 * Starts PostgreSQL 18 from its npm package, with passwords by scram-sha-256, on 127.0.0.1 only, and waits until it answers. It
 * ends when this process ends, however that happens. What a crash left behind in `dataDir` is cleared; a server that still runs
 * there is an error.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { dataDir, home = dirname(dataDir), logFile = `${dataDir}.log`, settings } = options
  const programs = await postgresPrograms(home)
  const user = postgresUser()
  const password = await openCluster(programs, dataDir, user, options.password)
  const all = Object.entries({ max_connections: '300', timezone: 'UTC', log_timezone: 'UTC', ...settings })
  const cluster = {
    programs,
    user,
    dataDir,
    logFile,
    settings: all.flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  }
  const urlOf = (port: number) => `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`
  const server = await startServer<Restart>(options.port, (port) => launch(cluster, port, urlOf(port)), SIGNALS)
  return { ...server, adminUrl: urlOf(server.port) }
}

async function launch(
  { programs, user, dataDir, logFile, settings }: Cluster,
  port: number,
  url: string,
): Promise<Child> {
  const address = ['-h', '127.0.0.1', '-p', String(port), '-c', 'unix_socket_directories=']
  const end = Date.now() + 10_000
  for (;;) {
    await disownStalePid(dataDir)
    const child = new Child({
      name: 'PostgreSQL',
      command: join(programs, 'bin/postgres'),
      args: ['-D', dataDir, ...address, ...settings],
      logFile,
      stopSignal: 'SIGINT',
      user,
    })
    try {
      await child.ready(async () => isServing(dataDir) && (await answers(url)))
      return child
    } catch (error) {
      // After a crash the old server's last backends need a moment to notice that it is gone.
      const dying = /shared memory block|lock file .* already exists/.test(child.log(20))
      if (!dying || Date.now() > end) throw error
      await sleep(50)
    }
  }
}
