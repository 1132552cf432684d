import type { MeshConfig } from '#chassis/grpc/tls.ts'
import type { RateClass } from '#contracts/contract.ts'

/** A token bucket: `perSecond` requests in the long run, `burst` at once. */
export type Limit = { perSecond: number; burst: number }

/** What the gateway's configuration depends on, beside the contract. */
export type GatewayOptions = {
  /** Folder that the configuration will lie in when Envoy reads it: an absolute path. */
  folder: string
  /** Where it listens for people; port 0 takes a free one. */
  edge: { host: string; port: number }
  /** What may be read of Envoy's admin interface, on loopback alone; port 0 takes a free one. */
  admin: { port: number }
  /** The gateway's own certificates, and the names of its peers. */
  mesh: MeshConfig & {
    /** Folder in which a rename announces new files. Default, also when empty: the parent of `certificates`, for a link that is swapped. */
    watch?: string
  }
  /** `host:port` of every instance of every service that owns a proto package. IP addresses are fixed, names are resolved. */
  services: Record<string, string[]>
  /** `iss` and `aud` of access tokens. */
  auth: { issuer: string; audience: string }
  /** Seconds for which the key set is cached. */
  keysSeconds: number
  limits: {
    /** Per client address, for everything. */
    address: Limit
    /** Per signed-in user. */
    user: Limit
    /** Per client address, for all methods of a rate class together. */
    classes: Record<RateClass, Limit>
  }
  /** Origins whose pages may call, `https://app.example`. */
  corsOrigins: string[]
  /** Proxies in front of the gateway that may be believed about the client's address. */
  trustedHops: number
  /** Bytes of heap beyond which new requests are refused. */
  memoryBytes: number
  /** Descriptor set of the contract, for the transcoder. */
  descriptorSet: string
}
