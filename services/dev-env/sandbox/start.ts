import { join } from 'node:path'
import { startListening } from '../infra/listening-process.ts'
import { type Server, startServer } from '../infra/server.ts'

/** The provider's name, and its lane. */
export const SANDBOX = 'sandbox'

/** A sandbox that runs, as a process of its own. It may be killed and started again; then it throttles anew. */
export type Sandbox = Server & { url: string }

/** Where the sandbox is, and what it keeps. */
type SandboxOptions = {
  /** Of 127.0.0.1; 0: a free one. */
  port: number
  /** For its log. */
  folder: string
  /** File to which it writes a line for each call, a `NotedCall` in JSON, before it answers. Default: none. */
  journal?: string
}

/** Starts it. It ends when this process ends. */
export async function startSandbox({ port: wanted, folder, journal }: SandboxOptions): Promise<Sandbox> {
  const main = join(import.meta.dirname, 'main.ts')
  const args = journal === undefined ? [] : [journal]
  const launch = async (port: number) => (await startListening({ name: SANDBOX, main, port, args, folder })).child
  const server = await startServer(wanted, launch, { fast: 'SIGTERM', kill: 'SIGKILL' })
  return { ...server, url: `http://127.0.0.1:${server.port}` }
}
