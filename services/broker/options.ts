import type { MeshConfig } from '#chassis/grpc/tls.ts'

/** What the broker's configuration depends on, beside the catalogue. */
export type BrokerOptions = {
  /** Folder that the configuration is written into: an absolute path. */
  folder: string
  /** Folder for the messages: an absolute path. */
  storeDir: string
  host: string
  port: number
  /** The broker's own certificates, and the names of its clients. */
  mesh: MeshConfig
}

/** The names by which the broker knows its clients. */
export type MeshNames = Pick<MeshConfig, 'trustDomain' | 'namespace'>
