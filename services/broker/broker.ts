import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spiffeId } from '#chassis/spiffe.ts'
import { STREAMS } from '#contracts/events.ts'
import type { BrokerOptions, MeshNames } from './options.ts'
import { members, permissionsOf } from './permissions.ts'

/** The member of the mesh that may do everything: for `apply`, and for people who look after the broker. */
export const DEPLOY = 'deploy'

/** The largest message, bytes, with its headers. A snapshot of a prompt with all its variables fits. */
const MAX_PAYLOAD = 4 * 1024 * 1024

/** The configuration of a nats-server for this catalogue. Its users are the members of the mesh, known by their certificates. */
function renderBroker({ host, port, storeDir, mesh }: BrokerOptions) {
  const { certificates } = mesh
  return {
    host,
    port,
    ...limits(mesh),
    tls: {
      cert_file: join(certificates, 'cert.pem'),
      key_file: join(certificates, 'key.pem'),
      ca_file: join(certificates, 'ca.pem'),
      ...BY_CERTIFICATE,
    },
    jetstream: { store_dir: storeDir, ...STORAGE },
  }
}

/**
 * The same as values of the official Helm chart, which brings addresses, certificates and folders itself: JSON, to be given to helm with
 * `--values` beside a file with the rest.
 */
export const renderValues = (names: MeshNames): string =>
  JSON.stringify(
    {
      config: {
        merge: limits(names),
        nats: { tls: { merge: BY_CERTIFICATE } },
        jetstream: { merge: STORAGE },
      },
    },
    undefined,
    2,
  )

/** What clients may do. */
function limits(mesh: MeshNames) {
  const idOf = (member: string) => spiffeId(mesh, member)
  const services = members().map((service) => ({ user: idOf(service), permissions: permissionsOf(service) }))
  return { max_payload: MAX_PAYLOAD, authorization: { users: [{ user: idOf(DEPLOY) }, ...services] } }
}

const BY_CERTIFICATE = { verify_and_map: true }

// What the streams may hold together. JetStream reserves that and refuses a stream beyond; the rest is for streams to come.
const RESERVED = Object.values(STREAMS).reduce((sum, { maxBytes }) => sum + maxBytes, 0)

const STORAGE = {
  max_file_store: 2 * RESERVED,
  // An acknowledged message is on the disk. The default, two minutes, loses some at a power cut.
  sync_interval: 'always',
}

/** Writes the configuration into `options.folder`, and answers with the path for `nats-server --config`. */
export function writeBroker(options: BrokerOptions): string {
  const file = join(options.folder, 'nats.json')
  mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  writeFileSync(file, `${JSON.stringify(renderBroker(options), undefined, 2)}\n`)
  return file
}
