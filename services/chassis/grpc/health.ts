import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import type { Logger } from '../logger.ts'

/** How often readiness is looked at, and what a look may take, milliseconds. */
const INTERVAL_MS = 500
const LOOK_MS = 2000

/** A service's health, as `grpc.health.v1` answers it on the mutual-TLS port and on the plaintext one. */
export type Health = {
  implementation: HealthImplementation
  /** Says NOT_SERVING from now on, whatever the checks say. */
  drain(): void
  stop(): void
}

/**
 * Two names: `''` is live (the process runs) for probes of liveness and serving for the gateway, and the service's name is
 * ready (its own database answers). The broker and other services do not count: their restart must not take writers down.
 */
export function createHealth(service: string, isReady: () => Promise<boolean>, log: Logger): Health {
  const implementation = new HealthImplementation({ '': 'SERVING', [service]: 'NOT_SERVING' })
  let draining = false
  let last: string = 'NOT_SERVING'
  let checking = false
  const say = (isReady: boolean) => {
    const now = isReady ? 'SERVING' : 'NOT_SERVING'
    if (draining || now === last) return
    last = now
    implementation.setStatus(service, now)
    if (isReady) log.info('ready')
    else log.warn('not ready: the database does not answer')
  }
  const check = async () => {
    if (checking || draining) return
    checking = true
    const ready = await Promise.race([isReady().catch(() => false), sleep(LOOK_MS, false, { ref: false })])
    checking = false
    say(ready)
  }
  const timer = setInterval(() => void check(), INTERVAL_MS)
  void check()
  return {
    implementation,
    drain: () => {
      draining = true
      implementation.setStatus('', 'NOT_SERVING')
      implementation.setStatus(service, 'NOT_SERVING')
    },
    stop: () => clearInterval(timer),
  }
}

/** Serves health alone, in plaintext: a probe cannot present a client certificate. */
export async function serveHealth(health: Health, host: string, port: number) {
  const server = new Server({ 'grpc.enable_channelz': 0 })
  health.implementation.addToServer(server)
  const bound = await bind(server, host, port, ServerCredentials.createInsecure())
  return { port: bound, close: async () => server.forceShutdown() }
}

/**
 * Binds a server to an address. Throws with a sentence that names the address when it is taken. That is tried out with a socket
 * of our own first: grpc-js keeps watching the certificate files of a server that could not bind, and the process never ends.
 */
export async function bind(
  server: Server,
  host: string,
  port: number,
  credentials: ServerCredentials,
): Promise<number> {
  const address = `${host}:${port}`
  try {
    await tryPort(host, port)
    return await promisify(server.bindAsync.bind(server))(address, credentials)
  } catch (error) {
    throw new Error(`cannot listen on ${address}: ${(error as Error).message}`, { cause: error })
  }
}

async function tryPort(host: string, port: number) {
  const trial = createServer().listen(port, host)
  await once(trial, 'listening')
  trial.close()
  await once(trial, 'close')
}
