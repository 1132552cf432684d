import type { Http2Session } from 'node:http2'
import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js'
import type { Mesh } from './tls.ts'

/** A call as grpc-js hands it to a handler, of either kind that we serve. */
export type ServerCall = ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>

/** The name under which the gateway is known in the mesh. */
const GATEWAY = 'gateway'

/** The name that certificates of people's clients carry: never internal. */
const CLIENT = 'client'

/** Who is at the other end of a connection. */
export type Peer = {
  /** The service in its SPIFFE id; undefined when it has none of this mesh. */
  service: string | undefined
  /** It is the gateway: then, and only then, what it says of the original request counts. */
  isGateway: boolean
  /** It is a service of the mesh: neither the gateway nor a person's client. */
  isInternal: boolean
}

/**
 * Identifies the peer of a call by its certificate. The certificate is parsed once per connection: doing it for each call costs
 * two fifths of the throughput.
 */
export function createPeers(mesh: Mesh): (call: ServerCall) => Peer {
  const known = new WeakMap<object, Peer>()
  return (call) => {
    const session = sessionOf(call)
    const before = session && known.get(session)
    if (before) return before
    const service = mesh.serviceOf(call.getAuthContext().sslPeerCertificate)
    const isGateway = service === GATEWAY
    const peer = { service, isGateway, isInternal: service !== undefined && !isGateway && service !== CLIENT }
    if (session) known.set(session, peer)
    return peer
  }
}

// @NOTE grpc-js does not expose the connection of a call. The innermost call of the interceptor chain holds its HTTP/2
// stream; should that change, the certificate is parsed again for each call.
type Layer = { nextCall?: Layer; stream?: { session?: Http2Session } }

/** The HTTP/2 session of a call. */
export function sessionOf(call: ServerCall): Http2Session | undefined {
  let layer = (call as unknown as { call?: Layer }).call
  while (layer?.nextCall) layer = layer.nextCall
  return layer?.stream?.session
}
