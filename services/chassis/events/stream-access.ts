import { setTimeout as sleep } from 'node:timers/promises'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { required, type Schema } from '../config.ts'
import type { Logger } from '../logger.ts'
import { type Broker, openBroker } from './broker.ts'

/** How to reach the streams as the member `deploy`, who alone may read all that is in them, and delete it. */
export type StreamAccess = { url: string; certificates: string }

/** The configuration of a command that does so, beside that of its service. */
export const streamAccessSchema: Schema<StreamAccess> = {
  url: {
    doc: '`nats://host:port` of the broker, several separated by commas.',
    format: required,
    default: '',
    env: 'PF_NATS_URL',
  },
  certificates: {
    doc: 'Directory with ca.pem, cert.pem and key.pem of the member `deploy`, who alone may read and delete what streams have.',
    format: required,
    default: '',
    env: 'PF_DEPLOY_CERTIFICATES',
  },
}

/** Milliseconds that NATS has to answer, and between two tries. */
const CONNECT_MS = 5000
const RETRY_MS = 100

/** Opens the streams for `work`. Throws when NATS does not answer within five seconds. */
export async function withDeploy<T>(
  access: StreamAccess,
  log: Logger,
  work: (broker: Broker, manager: JetStreamManager) => Promise<T>,
): Promise<T> {
  const broker = openBroker({ service: 'deploy', ...access }, log)
  try {
    return await work(broker, await managerOf(broker))
  } finally {
    await broker.close()
  }
}

async function managerOf(broker: Broker): Promise<JetStreamManager> {
  for (const end = Date.now() + CONNECT_MS; ;) {
    try {
      return await jetstreamManager(broker.connection())
    } catch (error) {
      if (Date.now() > end) throw error
      await sleep(RETRY_MS)
    }
  }
}
