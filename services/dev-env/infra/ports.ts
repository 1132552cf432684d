import { once } from 'node:events'
import { createServer } from 'node:net'

/** Finds a free TCP port of 127.0.0.1. Another process may take it before it is used. */
export const freePort = () => bindOnce(0)

/** A free port of 127.0.0.1 that nobody else takes until it is released. */
export type HeldPort = { port: number; release(): Promise<void> }

/** Holds a port for a server that is started later: others may be told of it before. */
export async function holdPort(): Promise<HeldPort> {
  const { port, close } = await bind(0)
  return { port, release: close }
}

/**
 * Throws when a port of 127.0.0.1 cannot be listened on. The message says what the port is for (`name`) and what to set to
 * use another (`option`): 'port 8080 (gateway) is in use: choose another with PF_GATEWAY_PORT'.
 */
export async function assertPortFree(port: number, name: string, option: string): Promise<void> {
  try {
    await bindOnce(port)
  } catch (error) {
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES'
    const problem = denied ? 'may not be used by this user' : 'is in use'
    throw new Error(`port ${port} (${name}) ${problem}: choose another with ${option}`, { cause: error })
  }
}

async function bindOnce(wanted: number): Promise<number> {
  const { port, close } = await bind(wanted)
  await close()
  return port
}

async function bind(wanted: number): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer().listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const close = async () => {
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  return { port, close }
}
