import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** Whom PostgreSQL runs as. */
export type SystemUser = { uid: number; gid: number }

/** The built-in locale: it sorts alike on every machine. */
export const INITDB_LOCALE = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']

/**
 * The user that PostgreSQL has to run as when we are root, which it refuses to be: `postgres`, made when absent. Undefined
 * when we are somebody else: then it runs as us.
 */
export function postgresUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  try {
    return lookUp()
  } catch {
    const account = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres']
    execFileSync('useradd', account, { stdio: ['ignore', 'ignore', 'pipe'] })
    return lookUp()
  }
}

function lookUp(): SystemUser {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }))
  return { uid: id('-u'), gid: id('-g') }
}

/**
 * Makes the data directory when there is none, with `programs`' initdb, and answers with the superuser's password, which is
 * kept in `<dataDir>.password`. A new cluster takes the password given, or a random one.
 */
export async function openCluster(
  programs: string,
  dataDir: string,
  user?: SystemUser,
  password?: string,
): Promise<string> {
  const passwordFile = `${dataDir}.password`
  if (!existsSync(join(dataDir, 'PG_VERSION'))) {
    makeFolderFor(dataDir, user)
    writeFileSync(passwordFile, password ?? randomBytes(18).toString('base64url'), { mode: 0o600 })
    await initialise(programs, dataDir, passwordFile, user)
  }
  return readFileSync(passwordFile, 'utf8')
}

function makeFolderFor(dataDir: string, user?: SystemUser) {
  const folder = dirname(dataDir)
  const made = mkdirSync(folder, { recursive: true })
  if (made && user) chmodSync(folder, 0o755) // whatever our umask is, the user must pass
}

async function initialise(programs: string, dataDir: string, passwordFile: string, user?: SystemUser) {
  const draft = `${dataDir}.new` // what an interrupted initdb leaves is not taken for a cluster
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  if (user) for (const path of [draft, passwordFile]) chownSync(path, user.uid, user.gid)
  const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  const args = ['--pgdata', draft, ...access, ...INITDB_LOCALE, '--no-sync', '--no-instructions']
  await promisify(execFile)(join(programs, 'bin/initdb'), args, { cwd: '/', env: {}, ...user })
  if (user) chownSync(passwordFile, 0, 0)
  rmSync(dataDir, { recursive: true, force: true })
  renameSync(draft, dataDir)
}

// No process has this number: it is beyond what Linux gives.
const NOBODY = '99999999'

/**
 * Marks what a crashed server left: PostgreSQL takes any process with the number in postmaster.pid for that server, we look
 * whether it is one. The file stays, for PostgreSQL sees by it whether processes of that server still use the data. Throws
 * when a server does run there and does not end within 10 s.
 */
export async function disownStalePid(dataDir: string): Promise<void> {
  const end = Date.now() + 10_000
  for (;;) {
    const [pid, ...rest] = readPidFile(dataDir)
    if (pid === undefined) return
    if (!serves(pid, dataDir)) return writeFileSync(pidFile(dataDir), [NOBODY, ...rest].join('\n'))
    if (Date.now() > end) throw new Error(`PostgreSQL already runs on ${dataDir} as process ${pid}: stop it first`)
    await sleep(50) // it may be ending with the process that started it
  }
}

/** Whether the server that was started on `dataDir` says that it takes connections. */
export function isServing(dataDir: string): boolean {
  const lines = readPidFile(dataDir)
  return lines[0] !== NOBODY && lines[7]?.trim() === 'ready'
}

const pidFile = (dataDir: string) => join(dataDir, 'postmaster.pid')

function readPidFile(dataDir: string): string[] {
  try {
    return readFileSync(pidFile(dataDir), 'utf8').split('\n')
  } catch {
    return []
  }
}

function serves(pid: string, dataDir: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(dataDir)
  } catch {
    return false
  }
}
