import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** The range that free ports are taken from: Linux gives those above it to outgoing connections, which would take them before they are used. */
const LOWEST = 10_000
const HIGHEST = 32_767

/** How many ports of the range are tried. */
const MOST_TRIED = 100

/** Finds a free TCP port of 127.0.0.1. Another process may take it before it is used. */
export async function freePort(): Promise<number> {
  const { port, close } = await bindFree()
  await close()
  return port
}

/** A free port of 127.0.0.1 that nobody else takes until it is released. */
export type HeldPort = { port: number; release(): Promise<void> }

/** Holds a port for a server that is started later: others may be told of it before. */
export async function holdPort(): Promise<HeldPort> {
  const { port, close } = await bindFree()
  return { port, release: close }
}

/**
 * Throws when a port of 127.0.0.1 cannot be listened on. The message says what the port is for (`name`) and what to set to
 * use another (`option`): 'port 8080 (gateway) is in use: choose another with PF_GATEWAY_PORT'.
 */
export async function assertPortFree(port: number, name: string, option: string): Promise<void> {
  try {
    await (await bind(port)).close()
  } catch (error) {
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES'
    const problem = denied ? 'may not be used by this user' : 'is in use'
    throw new Error(`port ${port} (${name}) ${problem}: choose another with ${option}`, { cause: error })
  }
}

/** Whether all of these ports of 127.0.0.1 can be listened on. */
export async function areFree(ports: number[]): Promise<boolean> {
  const bound = await Promise.allSettled(ports.map(bind))
  for (const one of bound) if (one.status === 'fulfilled') await one.value.close()
  return bound.every(({ status }) => status === 'fulfilled')
}

async function bindFree(): ReturnType<typeof bind> {
  for (let tried = 1; ; tried++) {
    try {
      return await bind(randomInt(LOWEST, HIGHEST + 1))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tried === MOST_TRIED) throw error
    }
  }
}

async function bind(port: number): Promise<{ port: number; close(): Promise<void> }> {
  // Whoever connects already is to try again, and not to keep the port from being closed.
  const server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  return { port, close }
}
