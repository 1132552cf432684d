import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Child } from '../../services/dev-env/infra/process.ts'
import { findProcess } from './usage.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Which server to run, as a process of its own. */
export type ServerOptions = {
  /** What errors and its log file call it. */
  name: string
  /** Its program and arguments, from the repository's root: `services/user/main.ts`. */
  command: string[]
  env: Record<string, string>
  /** Options for Node. */
  flags: string[]
  /** Folder for its log. */
  logs: string
}

/** A server that listens. */
export type Server = AsyncDisposable & {
  name: string
  pid: number
  /** Of its gRPC. */
  port: number
  /** Milliseconds from its start until it listened. */
  readyMs: number
  /** Resolves when it has ended, however that happened. */
  exited: Promise<number>
}

/** Starts a server and waits until its log says that it listens, in a line of JSON as the services write it. */
export async function startServer({ name, command, env, flags, logs }: ServerOptions): Promise<Server> {
  const mark = randomUUID()
  const logFile = join(logs, `${name}.log`)
  const [script, ...args] = command
  const started = performance.now()
  const child = new Child({
    name,
    command: process.execPath,
    args: [...flags, join(ROOT, script!), ...args],
    logFile,
    env: { PATH: process.env['PATH'], ...env, PF_BENCH_MARK: mark },
  })
  await child.ready(async () => listening(child) !== undefined)
  const readyMs = performance.now() - started
  const pid = findProcess(process.execPath, mark)
  if (pid === undefined) throw new Error(`${name} listens, but is not to be found in /proc`)
  const { exited } = child
  return { name, pid, port: listening(child)!, readyMs, exited, [Symbol.asyncDispose]: () => child.stop() }
}

// It is among the first lines that a server writes.
function listening(child: Child): number | undefined {
  const line = child
    .log(100)
    .split('\n')
    .find((text) => text.includes('"msg":"listening"'))
  return line === undefined ? undefined : (JSON.parse(line) as { ports: { grpc: number } }).ports.grpc
}
