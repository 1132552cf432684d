import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type JetStreamClient, jetstream } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import type { Logger } from '../logger.ts'
import { watchOutage } from '../outage.ts'
import { pause } from '../pause.ts'

/** Milliseconds that the broker has for an answer. A publish that is under way when it dies hangs as long. */
const TIMEOUT_MS = 2000

/** Milliseconds between two attempts to connect. */
const RECONNECT_MS = 250

/** Milliseconds between two signs of life; three that are missing end a connection. */
const PING_MS = 5000

/** How a service reaches NATS. */
export type BrokerOptions = {
  /** Name of the service: as which its certificate signs it in. */
  service: string
  /** `nats://host:port`, several separated by commas. */
  url: string
  /** Folder with ca.pem, cert.pem and key.pem; they are reloaded at each connection. */
  certificates: string
}

/** A service's connection to NATS, which may be down: a service works without it, and its outbox waits. */
export type Broker = {
  /** Its JetStream. Throws before the first connection; later its calls fail. */
  jetstream(): JetStreamClient
  /** The connection itself. Throws before the first one; a lost one comes back. */
  connection(): NatsConnection
  /** Whether it is connected at this moment, as far as it knows. */
  isConnected(): boolean
  /** Sends what was published, and ends. */
  close(): Promise<void>
}

/** Begins to connect, and goes on trying for as long as it takes. */
export function openBroker(options: BrokerOptions, log: Logger): Broker {
  const stopping = new AbortController()
  let isLost = false
  const note = (lost: boolean) => (isLost = lost)
  let open: { connection: NatsConnection; jetstream: JetStreamClient } | undefined
  const connected = connectAtLast(options, log, note, stopping.signal).then((connection) => {
    open = connection && { connection, jetstream: jetstream(connection, { timeout: TIMEOUT_MS }) }
    return connection
  })
  const opened = () => {
    if (!open) throw new Error('NATS does not answer')
    return open
  }
  return {
    jetstream: () => opened().jetstream,
    connection: () => opened().connection,
    isConnected: () => open !== undefined && !isLost && !open.connection.isClosed(),
    close: async () => {
      stopping.abort()
      const connection = await connected
      if (!connection || connection.isClosed()) return
      // Flushing hangs for as long as the broker is away.
      await Promise.race([connection.flush().catch(() => undefined), sleep(TIMEOUT_MS, undefined, { ref: false })])
      await connection.close()
    },
  }
}

async function connectAtLast(
  { service, url, certificates }: BrokerOptions,
  log: Logger,
  note: (lost: boolean) => void,
  signal: AbortSignal,
): Promise<NatsConnection | undefined> {
  const [caFile, certFile, keyFile] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => join(certificates, name)) as [
    string,
    string,
    string,
  ]
  const outage = watchOutage()
  while (!signal.aborted) {
    try {
      const connection = await connect({
        name: service,
        servers: url.split(','),
        tls: { caFile, certFile, keyFile },
        inboxPrefix: `_INBOX.${service}`,
        timeout: TIMEOUT_MS,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_MS,
        reconnectJitterTLS: RECONNECT_MS,
        pingInterval: PING_MS,
        maxPingOut: 2,
        // Otherwise the second refusal, however long after the first, would be the end: the next certificate may be let in.
        ignoreAuthErrorAbort: true,
      })
      void followStatus(connection, log, note)
      return connection
    } catch (err) {
      outage.failed(() => log.warn({ err }, 'NATS does not answer: events wait in the outbox'))
      await pause(RECONNECT_MS, signal)
    }
  }
  return undefined
}

async function followStatus(connection: NatsConnection, log: Logger, note: (lost: boolean) => void) {
  for await (const { type } of connection.status()) {
    if (type === 'disconnect' || type === 'reconnect') note(type === 'disconnect')
    if (type === 'disconnect') log.warn('the connection to NATS is lost: events wait in the outbox')
    if (type === 'reconnect') log.info('the connection to NATS is restored')
  }
}
