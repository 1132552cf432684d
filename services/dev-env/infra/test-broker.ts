import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type JetStreamManager, jetstreamManager, type StoredMsg } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { StreamName } from '#contracts/events.ts'
import { applyCatalogue, connectDeploy } from '../../broker/apply.ts'
import { DEPLOY } from '../../broker/broker.ts'
import { configureBroker } from '../broker.ts'
import { LANES } from '../providers.ts'
import { type Nats, startNats } from './nats.ts'
import type { Restart } from './server.ts'

/** A NATS of a test file's own, with the streams and consumers of the catalogue. */
export type TestBroker = Nats & {
  /** Folder of its messages: only to be looked at or changed while it is `away`. */
  data: string
  /** As `deploy`, who may do everything: for arranging, and for looking at what is stored. After `restart` and `away` it is connected again. */
  connection: NatsConnection
  manager: JetStreamManager
  /** What a stream holds, oldest first. */
  messages(stream: StreamName): Promise<StoredMsg[]>
  /** Ends it, in order unless told otherwise, and starts it again after `work`. */
  away(work: () => Promise<unknown>, how?: Restart): Promise<void>
  /** What it has logged. */
  log(): string
}

/**
 * Starts it: call it in `beforeAll`, and `stop` in `afterAll`. Its clients are the members of the test mesh, or those whose
 * certificates are in `certificates`, `<member>/current/` each.
 */
export async function startTestBroker(certificates = process.env['PF_TEST_CERTIFICATES']!): Promise<TestBroker> {
  const folder = join(process.env['PF_TEST_FOLDER']!, `nats-${randomUUID().slice(0, 8)}`)
  mkdirSync(folder, { mode: 0o700 })
  const data = join(folder, 'data')
  const configPath = configureBroker(folder, data, certificates)
  const logFile = join(folder, 'nats.log')
  const nats = await startNats({ configPath, port: 0, logFile })
  const deploy = { url: nats.url, certificates: join(certificates, DEPLOY, 'current') }
  await applyCatalogue({ ...deploy, replicas: 1, lanes: LANES })
  const connection = await connectDeploy(deploy)
  const stop = async () => {
    await connection.close()
    await nats.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  const away: TestBroker['away'] = async (work, how) => {
    const again = reconnected(connection)
    await nats.stop(how)
    try {
      await work()
    } finally {
      await nats.start()
    }
    await again
  }
  const manager = await jetstreamManager(connection)
  return {
    ...nats,
    data,
    connection,
    manager,
    messages: (stream) => messagesOf(manager, stream),
    away,
    log: () => readFileSync(logFile, 'utf8'),
    restart: (how) => away(() => Promise.resolve(), how),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function messagesOf({ streams }: JetStreamManager, stream: StreamName): Promise<StoredMsg[]> {
  const { state } = await streams.info(stream)
  const sequences = Array.from({ length: state.messages }, (_, index) => state.first_seq + index)
  return Promise.all(sequences.map(async (seq) => (await streams.getMessage(stream, { seq }))!))
}

async function reconnected(connection: NatsConnection) {
  for await (const { type } of connection.status()) if (type === 'reconnect') return
}
