import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from './process.ts'

/** What to start: `main` with the port (0: a free one), the file that it writes the port to (see `listen`), and `args`. */
export type ListeningOptions = {
  /** What its files are called. */
  name: string
  main: string
  port: number
  args?: string[]
  /** Its environment beside PATH and Node's folder of compiled code. Default: nothing. */
  env?: Record<string, string>
  /** Folder for its log. Made when absent. */
  folder: string
}

/** Starts a program of ours as a process of its own, and waits until it listens. It ends when this process ends. */
export async function startListening(options: ListeningOptions): Promise<{ child: Child; url: string }> {
  const { name, main, port, args = [], env = {}, folder } = options
  const { PATH, NODE_COMPILE_CACHE } = process.env
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const portFile = join(folder, `${name}.port`)
  rmSync(portFile, { force: true })
  const child = new Child({
    name: `the process ${name}`,
    command: process.execPath,
    args: [main, String(port), portFile, ...args],
    env: { PATH, NODE_COMPILE_CACHE, ...env },
    logFile: join(folder, `${name}.log`),
  })
  await child.ready(async () => existsSync(portFile))
  return { child, url: `http://127.0.0.1:${readFileSync(portFile, 'utf8')}` }
}
