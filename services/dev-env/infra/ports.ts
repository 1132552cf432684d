import { once } from 'node:events'
import { createServer } from 'node:net'

/** Finds a free TCP port of 127.0.0.1. Another process may take it before it is used. */
export const freePort = () => bindOnce(0)

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

async function bindOnce(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: bound } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return bound
}
