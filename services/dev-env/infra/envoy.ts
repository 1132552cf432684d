import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { storesFolder } from '../../../scripts/bootstrap/stores.mjs'
import { askAdmin } from '../../gateway/sidecar/admin.ts'
import { Child } from './process.ts'

// Logs are written at once, not every ten seconds, so that they can be read at once. Who drains tells every client at once.
const FIXED = [
  '--concurrency',
  '1',
  '--disable-hot-restart',
  '--drain-strategy',
  'immediate',
  '--file-flush-interval-msec',
  '1000',
]

/** How to run an Envoy. */
export type EnvoyOptions = {
  /**
   * Its configuration. Its admin address must be a socket in the file system; where that has `allow_paths`, they must have `/ready`
   * and `/listeners`, and `/drain_listeners` and `/stats` for a stop that no request notices.
   */
  configPath: string
  /** Folder for what it writes: `envoy.log`, `access.log` (its standard output) and `admin`. Made when absent. */
  dir: string
  /** Default: `envoyBinary()`. */
  binary?: string
  /** Milliseconds that running requests are given when it stops. Default 5000. */
  graceMs?: number
  /** Default info. */
  logLevel?: 'debug' | 'info' | 'warning'
}

/** An Envoy of ours. */
export type Envoy = AsyncDisposable & {
  /** The TCP ports that it listens on, by listener name. */
  ports(): Promise<Record<string, number>>
  /** Takes no new connections, lets running requests end, and ends it. */
  stop(): Promise<void>
  /** Ends it as a crash would. */
  kill(): Promise<void>
}

/** The envoy program: PF_ENVOY, or the one that `scripts/run.mjs` installed. Throws when there is none. */
export function envoyBinary(): string {
  const named = process.env['PF_ENVOY']
  if (named) return named
  const lib = join(storesFolder(join(import.meta.dirname, '../../..')), 'lib')
  const python = existsSync(lib) && readdirSync(lib).find((name) => name.startsWith('python3'))
  const binary = join(lib, python || 'python3', 'site-packages/envoy/_bin/envoy')
  if (!existsSync(binary)) throw new Error(`there is no ${binary}: start with npm start or npm test, or set PF_ENVOY`)
  return binary
}

/** Starts Envoy and waits until it is ready. It ends when this process ends, however that happens. */
export async function startEnvoy(options: EnvoyOptions): Promise<Envoy> {
  const { configPath, dir, binary = envoyBinary(), graceMs = 5000, logLevel = 'info' } = options
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const addressFile = join(dir, 'admin')
  rmSync(addressFile, { force: true })
  const child = new Child({
    name: 'Envoy',
    command: binary,
    args: ['-c', configPath, '-l', logLevel, '--admin-address-path', addressFile, ...FIXED],
    logFile: join(dir, 'envoy.log'),
    outputFile: join(dir, 'access.log'),
  })
  await child.ready(async () => existsSync(addressFile) && (await isReady(addressFile)))
  const socket = readFileSync(addressFile, 'utf8')
  const stop = async () => {
    if (child.running) await drain(socket, graceMs)
    await child.stop()
  }
  return {
    ports: () => portsOf(socket),
    stop,
    kill: () => child.stop('SIGKILL'),
    [Symbol.asyncDispose]: stop,
  }
}

async function isReady(addressFile: string): Promise<boolean> {
  const answer = await askAdmin(readFileSync(addressFile, 'utf8'), 'GET', '/ready').catch(() => undefined)
  return answer?.status === 200
}

async function portsOf(socket: string): Promise<Record<string, number>> {
  const { status, body } = await askAdmin(socket, 'GET', '/listeners?format=json')
  if (status !== 200) throw new Error(`/listeners at ${socket} answers ${status}: allow_paths must have it`)
  const { listener_statuses: listeners = [] } = JSON.parse(body) as { listener_statuses?: ListenerStatus[] }
  // A listener that is not on TCP has no socket address.
  const bound = listeners.flatMap(({ name, local_address: { socket_address: at } }) =>
    at ? [[name, at.port_value]] : [],
  )
  return Object.fromEntries(bound) as Record<string, number>
}

type ListenerStatus = { name: string; local_address: { socket_address?: { port_value: number } } }

// At SIGTERM Envoy ends at once, and its requests with it; so its listeners are closed first.
async function drain(socket: string, graceMs: number) {
  const end = Date.now() + graceMs
  const answer = await askAdmin(socket, 'POST', '/drain_listeners').catch(() => undefined)
  while (answer?.status === 200 && Date.now() < end && (await runningRequests(socket)) > 0) await sleep(50)
}

async function runningRequests(socket: string): Promise<number> {
  const path = '/stats?format=json&filter=^http\\..*downstream_rq_active$'
  const answer = await askAdmin(socket, 'GET', path).catch(() => undefined)
  if (answer?.status !== 200) return 0
  const { stats } = JSON.parse(answer.body) as { stats: { name: string; value?: number }[] }
  return stats.reduce((sum, { name, value = 0 }) => sum + (name.startsWith('http.admin.') ? 0 : value), 0)
}
