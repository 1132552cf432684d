import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { startContainer } from './container.ts'
import { Child } from './process.ts'
import { packagedProgram } from './programs.ts'
import { type Server, startServer } from './server.ts'
import type { Started } from './store.ts'

/** How to run a NATS. */
export type NatsOptions = {
  /** Its configuration, which `services/broker` renders: it says where the messages lie. Its address and port do not count. */
  configPath: string
  /** Port on 127.0.0.1; 0 takes a free one. */
  port: number
  /** File for its log; the folder is made when absent. */
  logFile: string
}

/** A NATS of ours. */
export type Nats = Server & {
  /** `nats://127.0.0.1:port`, with TLS. */
  url: string
  /** Makes it reload its configuration and certificates. Connections stay. */
  reload(): void
}

/** Starts NATS 2.15 and waits until it takes connections. It ends when this process ends, however that happens. */
export async function startNats({ configPath, port: wanted, logFile }: NatsOptions): Promise<Nats> {
  const command = packagedProgram('nats-server')
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 })
  const server = await startServer(wanted, launch, { fast: 'SIGTERM', kill: 'SIGKILL' })
  return { ...server, url: urlOf(server.port), reload: () => server.signal('SIGHUP') }

  async function launch(port: number): Promise<Child> {
    const args = ['--config', configPath, '--addr', '127.0.0.1', '--port', String(port)]
    const child = new Child({ name: 'NATS', command, args, logFile })
    // Another process may have the port and answer.
    await child.ready(async () => child.hasLogged('Server is ready') && (await natsAnswers(urlOf(port))))
    return child
  }
}

const urlOf = (port: number) => `nats://127.0.0.1:${port}`

/** How to run NATS in a container: `dataDir` is the folder that its configuration keeps messages in. */
export type DockerNatsOptions = { dataDir: string; configPath: string; certificates: string; port: number }

/** Runs NATS's official image. It sees what its configuration names at the same paths as we do. */
export function startDockerNats({ dataDir, configPath, certificates, port }: DockerNatsOptions): Promise<Started> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const readable = [dirname(configPath), certificates].map((path) => ({
    source: path,
    target: path,
    mode: 'ro' as const,
  }))
  return startContainer({
    image: 'nats:2.15',
    command: ['--config', configPath, '--addr', '0.0.0.0', '--port', '4222'],
    mounts: [{ source: dataDir, target: dataDir }, ...readable],
    port,
    inside: 4222,
    readyLog: 'Server is ready',
    urlAt: (address) => `nats://${address}`,
    answers: natsAnswers,
  })
}

/** Whether a NATS takes connections at `url`: it speaks first, and says that it has JetStream. */
export async function natsAnswers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port || 4222), timeout: 5000 })
  socket.on('timeout', () => socket.destroy(new Error('no answer')))
  try {
    const [greeting] = (await once(socket, 'data')) as [Buffer]
    return greeting.toString().startsWith('INFO ') && greeting.includes('"jetstream":true')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
