import { dirname, join } from 'node:path'
import type { GatewayOptions } from '../options.ts'
import { type Config, typed } from './envoy.ts'

const IDENTITY = 'identity'
const AUTHORITY = 'authority'

/**
 * The gateway's certificate and the authority it trusts, as the files that Envoy wants secrets in: only then does it read
 * certificates anew when they change. By file name.
 */
export function secretFiles({ mesh }: GatewayOptions): Record<string, Config> {
  const { certificates, watch } = mesh
  const file = (name: string) => ({ filename: join(certificates, name) })
  const watched_directory = { path: watch || dirname(certificates) }
  return {
    [fileOf(IDENTITY)]: secret(IDENTITY, {
      tls_certificate: { certificate_chain: file('cert.pem'), private_key: file('key.pem'), watched_directory },
    }),
    [fileOf(AUTHORITY)]: secret(AUTHORITY, {
      validation_context: { trusted_ca: file('ca.pem'), watched_directory },
    }),
  }
}

/** Names the gateway's own certificate in a TLS context. */
export const identitySecret = (folder: string) => reference(IDENTITY, folder)

/** Names the authority that peers' certificates must be of. */
export const authoritySecret = (folder: string) => reference(AUTHORITY, folder)

const fileOf = (name: string) => `${name}.json`

const secret = (name: string, content: Config): Config => ({
  resources: [typed('extensions.transport_sockets.tls.v3.Secret', { name, ...content })],
})

const reference = (name: string, folder: string): Config => ({
  name,
  sds_config: { path_config_source: { path: join(folder, fileOf(name)) }, resource_api_version: 'V3' },
})
