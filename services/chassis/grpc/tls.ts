import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import type { PeerCertificate } from 'node:tls'
import { type ChannelCredentials, experimental, type ServerCredentials } from '@grpc/grpc-js'
import { spiffeId } from '../spiffe.ts'

/** How often the certificate files are looked at, milliseconds. */
const REFRESH_MS = 1000

/** Where a service's certificates lie, and the names that its peers must carry. */
export type MeshConfig = { certificates: string; trustDomain: string; namespace: string }

/** A service's place in the mesh: its own certificate, and how it knows the others. */
export type Mesh = {
  /** For a server that accepts only clients with a certificate of this mesh. */
  serverCredentials: ServerCredentials
  /** For a channel to `service`: the peer must have exactly that service's SPIFFE id. */
  channelCredentials(service: string): ChannelCredentials
  /** The service that a certificate belongs to; undefined when it is not one of this mesh's namespace. */
  serviceOf(certificate: Pick<PeerCertificate, 'subjectaltname'> | undefined): string | undefined
}

/**
 * Opens a directory with `ca.pem`, `cert.pem` and `key.pem`. The files are reloaded when they change (replace the directory
 * by a symlink swap, so that all three change at once); existing connections keep the certificate that they began with. A
 * pair that does not match is refused by the TLS library and logged, and new connections fail until it is repaired.
 * Throws when a file cannot be read.
 */
export function openMesh({ certificates, trustDomain, namespace }: MeshConfig): Mesh {
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => join(certificates, name)) as [
    string,
    string,
    string,
  ]
  for (const file of [ca, cert, key]) accessSync(file, constants.R_OK)
  const files = new experimental.FileWatcherCertificateProvider({
    caCertificateFile: ca,
    certificateFile: cert,
    privateKeyFile: key,
    refreshIntervalMs: REFRESH_MS,
  })
  const idPrefix = `URI:${spiffeId({ trustDomain, namespace }, '')}`
  const serviceOf: Mesh['serviceOf'] = (certificate) => {
    const id = certificate?.subjectaltname?.split(', ').find((name) => name.startsWith(idPrefix))
    return id?.slice(idPrefix.length)
  }
  return {
    // @NOTE grpc-js 1.14.7 declares (ca, identity, …) and passes them on as (identity, ca, …): one provider serves as both.
    serverCredentials: experimental.createCertificateProviderServerCredentials(files, files, true),
    channelCredentials: (service) =>
      experimental.createCertificateProviderChannelCredentials(files, files, {
        checkServerIdentity: (_host, certificate) =>
          serviceOf(certificate) === service ? undefined : new Error(`the server is not ${service} of this mesh`),
      }),
    serviceOf,
  }
}
