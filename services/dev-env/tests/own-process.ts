import { type Server, startServer } from '../../../scripts/processes/server.ts'
import { waitingRows } from '../../../scripts/processes/outbox.ts'
import { environmentOfPorts } from '../network.ts'
import type { TestNetwork } from './harness.ts'

/** A service of a network as a process of its own, as in production. */
export type OwnProcess = AsyncDisposable & {
  /** Ends it by SIGKILL. */
  kill(): Promise<void>
  /** Waits until it has ended by itself. */
  ended(): Promise<void>
  /** Starts it again; `more` is for its environment this time. */
  start(more?: Record<string, string>): Promise<void>
}

/** Ends a service in this process, and starts it as one of its own at the same ports. */
export async function runAsProcess({ services, place }: TestNetwork, name: string): Promise<OwnProcess> {
  const service = services[name]!
  const { ports, databaseUrl } = service
  await service.stop()
  services[name] = { ...service, waiting: () => waitingRows(databaseUrl) }
  const env = {
    ...service.env,
    ...environmentOfPorts(ports),
    PF_LOG_LEVEL: 'info',
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE']!,
  }
  const launch = (more: Record<string, string> = {}) =>
    startServer({
      name,
      command: [`services/${name}/main.ts`],
      env: { ...env, ...more },
      flags: [],
      logs: place.state,
    })
  let server: Server = await launch()
  const end = () => server[Symbol.asyncDispose]()
  return {
    kill: async () => {
      process.kill(server.pid, 'SIGKILL')
      await end()
    },
    ended: async () => {
      await server.exited
    },
    start: async (more) => {
      server = await launch(more)
    },
    [Symbol.asyncDispose]: end,
  }
}
