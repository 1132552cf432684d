import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from '../infra/process.ts'

/** A program that speaks chat completions, as a process of its own. */
export type ChatProcess = {
  url: string
  /** Resolves when it has ended. */
  exited: Promise<unknown>
  stop(): Promise<void>
}

/** What to start: `main` with the port (0: a free one), the file that it writes the port to, and `args`. */
export type ChatOptions = {
  /** What its files are called. */
  name: string
  main: string
  port: number
  args?: string[]
  /** Folder for its log. Made when absent. */
  folder: string
}

/** Starts it, and waits until it listens. It ends when this process ends. */
export async function startChat({ name, main, port, args = [], folder }: ChatOptions): Promise<ChatProcess> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const portFile = join(folder, `${name}.port`)
  rmSync(portFile, { force: true })
  const child = new Child({
    name: `the process ${name}`,
    command: process.execPath,
    args: [main, String(port), portFile, ...args],
    logFile: join(folder, `${name}.log`),
  })
  await child.ready(async () => existsSync(portFile))
  return {
    url: `http://127.0.0.1:${readFileSync(portFile, 'utf8')}`,
    exited: child.exited,
    stop: () => child.stop(),
  }
}
