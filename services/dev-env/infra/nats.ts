import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { Child } from './process.ts'
import { packagedProgram } from './programs.ts'
import { type Server, startServer } from './server.ts'

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
  /** `tls://127.0.0.1:port`. */
  url: string
  /** Lets it read its configuration and certificates anew. Connections stay. */
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
    await child.ready(() => natsAnswers(urlOf(port)))
    return child
  }
}

const urlOf = (port: number) => `tls://127.0.0.1:${port}`

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
