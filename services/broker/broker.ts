import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spiffeId } from '#chassis/spiffe.ts'
import { STREAMS } from '#contracts/events.ts'
import type { BrokerOptions } from './options.ts'
import { members, permissionsOf } from './permissions.ts'

/** The member of the mesh that may do everything: for `apply`, and for people who look after the broker. */
export const DEPLOY = 'deploy'

/** The largest message, bytes, with its headers. A snapshot of a prompt with all its variables fits. */
const MAX_PAYLOAD = 4 * 1024 * 1024

/** The configuration of a nats-server for this catalogue. Its users are the members of the mesh, known by their certificates. */
function renderBroker({ host, port, storeDir, mesh }: BrokerOptions) {
  const { certificates } = mesh
  const idOf = (member: string) => spiffeId(mesh, member)
  return {
    host,
    port,
    max_payload: MAX_PAYLOAD,
    tls: {
      cert_file: join(certificates, 'cert.pem'),
      key_file: join(certificates, 'key.pem'),
      ca_file: join(certificates, 'ca.pem'),
      verify_and_map: true,
    },
    jetstream: {
      store_dir: storeDir,
      max_file_store: 2 * RESERVED,
      // An acknowledged message is on the disk. The default, two minutes, loses some at a power cut.
      sync_interval: 'always',
    },
    authorization: {
      users: [
        { user: idOf(DEPLOY) },
        ...members().map((service) => ({ user: idOf(service), permissions: permissionsOf(service) })),
      ],
    },
  }
}

// What the streams may hold together. JetStream reserves that and refuses a stream beyond; the rest is for streams to come.
const RESERVED = Object.values(STREAMS).reduce((sum, { maxBytes }) => sum + maxBytes, 0)

/** Writes the configuration into `options.folder`, and answers with the path for `nats-server --config`. */
export function writeBroker(options: BrokerOptions): string {
  const file = join(options.folder, 'nats.json')
  mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  writeFileSync(file, `${JSON.stringify(renderBroker(options), undefined, 2)}\n`)
  return file
}
