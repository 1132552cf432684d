import { join } from 'node:path'
import { writeBroker } from '../broker/broker.ts'
import { MESH } from './infra/authority.ts'

/**
 * Writes the configuration of a NATS on this machine into `folder`, with its messages in `storeDir`, and answers with its path.
 * Its certificates are in `<certificates>/nats/current`.
 */
export function configureBroker(folder: string, storeDir: string, certificates: string): string {
  const mesh = { certificates: join(certificates, 'nats', 'current'), ...MESH }
  // Who starts it says where it listens.
  return writeBroker({ folder, storeDir, host: '127.0.0.1', port: 4222, mesh })
}
