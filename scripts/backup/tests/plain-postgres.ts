import { execFile } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { postgresUser } from '../../../services/dev-env/infra/postgres-cluster.ts'
import { answers } from '../../../services/dev-env/infra/postgres-url.ts'
import { freePort } from '../../../services/dev-env/infra/ports.ts'
import { Child } from '../../../services/dev-env/infra/process.ts'
import type { DebianPrograms } from './debian-programs.ts'

const BACKUP = join(import.meta.dirname, '..')
const PASSWORD = 'of-this-test'

/** What a command said and how it ended. */
export type Ended = { code: number; said: string }

/** The databases of a server, as its superuser. */
export type Databases = {
  urlOf(database: string): string
  query<Row = Record<string, unknown>>(database: string, text: string): Promise<Row[]>
}

/** A PostgreSQL as an SRE runs it without operators, on a host with our backup, whose repositories are folders. */
export type PlainPostgres = Databases &
  AsyncDisposable & {
    dataDir: string
    /** The folders of the first and the second repository. */
    repositories: [string, string]
    metrics: string
    /** Where pgBackRest has its lock files, and where its logs. */
    locks: string
    logs: string
    /** A folder that is not there yet, to restore into. */
    scratch: string
    start(): Promise<void>
    /** Starts a second server on another folder, which ends with this one. */
    startOn(folder: string): Promise<Databases>
    /** Kills it, as a crash would. */
    kill(): Promise<void>
    /** Runs `promptforge-backup`; `daysLater` moves its clock. Never throws for its exit code. */
    backup(args: string[], options?: { daysLater?: number; env?: Record<string, string> }): Promise<Ended>
    /** Runs pgBackRest itself with the same configuration. */
    backrest(args: string[], options?: { daysLater?: number }): Promise<Ended>
    /** Sends a signal to the processes of this server's backups whose command line matches. Throws when there are none. */
    signal(name: 'STOP' | 'CONT', commandLine: string): Promise<void>
  }

/** Makes it in a folder of the test run, with our policy as it is in the repository; nothing runs yet. */
export async function makePlainPostgres({ postgres, env, faketime }: DebianPrograms): Promise<PlainPostgres> {
  const user = postgresUser()
  const home = mkdtempSync(join(process.env['PF_TEST_FOLDER']!, 'backup-'))
  const at = (name: string) => join(home, name)
  const folders = ['conf.d', 'repo1', 'repo2', 'metrics', 'socket', 'log', 'lock', 'spool'].map(at)
  for (const folder of folders) mkdirSync(folder, { mode: 0o750 })
  const port = await freePort()
  const dataDir = at('data')
  // Whoever PostgreSQL runs as need not be able to enter the clone.
  const installed = {
    'pgbackrest/policy.conf': at('conf.d/policy.conf'),
    'promptforge-backup': at('promptforge-backup'),
  }
  for (const [name, path] of Object.entries(installed)) {
    cpSync(join(BACKUP, name), path)
    chmodSync(path, 0o755)
  }
  writeFileSync(at('place.conf'), placeConf(home, port), { mode: 0o600 })
  writeFileSync(at('password'), PASSWORD, { mode: 0o600 })
  if (user) for (const path of [home, ...folders, at('place.conf'), at('password')]) chownSync(path, user.uid, user.gid)
  const run = (command: string, args: string[], more: Record<string, string> = {}) =>
    ended(command, args, { cwd: '/', env: { ...env, TMPDIR: home, ...more }, ...user })
  const access = [
    '--username=postgres',
    '--auth-local=trust',
    '--auth-host=scram-sha-256',
    `--pwfile=${at('password')}`,
  ]
  const form = ['--encoding=UTF8', '--locale=C', '--data-checksums', '--no-instructions']
  const { code, said } = await run(join(postgres, 'initdb'), ['--pgdata', dataDir, ...access, ...form])
  if (code !== 0) throw new Error(`initdb ended with ${code}: ${said}`)
  const configuration = [`--config=${at('place.conf')}`, `--config-include-path=${at('conf.d')}`]
  const archive = readFileSync(join(BACKUP, 'pgbackrest/postgresql.conf'), 'utf8')
  const settings = `port = ${port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '${at('socket')}'\ntimezone = 'UTC'\nfsync = off\n`
  const command = archive.replace('pgbackrest ', `pgbackrest ${configuration.join(' ')} `)
  writeFileSync(join(dataDir, 'postgresql.conf'), `${settings}${command}`)

  const later = (days = 0): Record<string, string> =>
    days ? { LD_PRELOAD: faketime, FAKETIME: `+${days}d`, DONT_FAKE_MONOTONIC: '1' } : {}
  const urlOf = (database: string, on = port) => `postgres://postgres:${PASSWORD}@127.0.0.1:${on}/${database}`
  const servers: Child[] = []
  /** Starts a server on a folder, and waits until it has replayed what there is. */
  const serve = async (folder: string, on: number): Promise<Child> => {
    const server = new Child({
      name: 'PostgreSQL 15',
      command: join(postgres, 'postgres'),
      args: ['-D', folder, '-p', String(on)],
      logFile: at('postgres.log'),
      stopSignal: 'SIGINT',
      env,
      user,
    })
    servers.push(server)
    const isPrimary = async () => {
      if (!(await answers(urlOf('postgres', on)))) return false
      const [row] = await queried<{ standby: boolean }>(urlOf('postgres', on), 'select pg_is_in_recovery() as standby')
      return row?.standby === false
    }
    await server.ready(isPrimary, 120_000)
    return server
  }
  let server: Child | undefined
  return {
    dataDir,
    repositories: [at('repo1'), at('repo2')],
    metrics: at('metrics'),
    locks: at('lock'),
    logs: at('log'),
    scratch: at('scratch'),
    urlOf: (database) => urlOf(database),
    query: (database, text) => queried(urlOf(database), text),
    async start() {
      server = await serve(dataDir, port)
    },
    async startOn(folder) {
      const other = await freePort()
      await serve(folder, other)
      return {
        urlOf: (database) => urlOf(database, other),
        query: (database, text) => queried(urlOf(database, other), text),
      }
    },
    async kill() {
      await server?.stop('SIGKILL')
    },
    backup: (args, { daysLater, env: more } = {}) =>
      run(installed['promptforge-backup'], args, {
        PF_BACKUP_CONFIG: at('place.conf'),
        PF_BACKUP_CONFIG_FOLDER: at('conf.d'),
        PF_BACKUP_METRICS: at('metrics'),
        ...more,
        ...later(daysLater),
      }),
    backrest: (args, { daysLater } = {}) =>
      run('pgbackrest', [...configuration, '--stanza=promptforge', ...args], later(daysLater)),
    async signal(name, commandLine) {
      const { code } = await run('pkill', ['--signal', name, '--full', `${home}.*${commandLine}`])
      if (code !== 0) throw new Error(`no process matches ${commandLine}`)
    },
    async [Symbol.asyncDispose]() {
      for (const each of servers) await each.stop()
      // Of a server that had to be killed, the push of WAL that was under way would wait for minutes.
      await run('pkill', ['--full', home])
      // It may still be writing its state.
      rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}

const placeConf = (home: string, port: number) => `[global]
repo1-path=${home}/repo1
repo1-cipher-pass=first-passphrase
repo2-path=${home}/repo2
repo2-cipher-pass=second-passphrase
log-path=${home}/log
lock-path=${home}/lock
spool-path=${home}/spool
# On a machine that is busy with other tests.
archive-timeout=600

[promptforge]
pg1-path=${home}/data
pg1-port=${port}
pg1-socket-path=${home}/socket
pg1-user=postgres
`

async function queried<Row>(url: string, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

const ended = (command: string, args: string[], options: object): Promise<Ended> =>
  promisify(execFile)(command, args, { ...options, maxBuffer: 64 << 20 }).then(
    ({ stdout, stderr }) => ({ code: 0, said: `${stdout}${stderr}` }),
    (error: Error & { code?: unknown; stdout?: string; stderr?: string }) => {
      if (typeof error.code !== 'number') throw error
      return { code: error.code, said: `${error.stdout}${error.stderr}` }
    },
  )
