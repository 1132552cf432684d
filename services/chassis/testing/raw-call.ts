import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'
import { join } from 'node:path'
import { Metadata, type ServiceError } from '@grpc/grpc-js'
import { readStatus } from '../grpc/status.ts'
import { testMesh } from './service.ts'

/** A plain HTTP/2 connection to a service, as a person's client: for requests that a gRPC client does not send. */
export function connectRaw(target: string): ClientHttp2Session {
  const { certificates } = testMesh('client')
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(certificates, name)))
  return connect(`https://${target}`, { ca, cert, key, checkServerIdentity: () => undefined })
}

/** Calls a unary method with a message and headers as they are on the wire, and answers with the status of the call. */
export function postRaw(session: ClientHttp2Session, path: string, message: Buffer, headers: OutgoingHttpHeaders) {
  const isCompressed = (headers['grpc-encoding'] ?? 'identity') !== 'identity'
  const prefix = Buffer.from([isCompressed ? 1 : 0, 0, 0, 0, 0])
  prefix.writeUInt32BE(message.length, 1)
  const needed = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' }
  const stream = session.request({ ...needed, ...headers })
  const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof readStatus>>()
  const read = (sent: Record<string, unknown>) => {
    if (sent['grpc-status'] === undefined) return
    const metadata = Metadata.fromHttp2Headers(sent as never)
    const details = decodeURIComponent(String(sent['grpc-message']))
    resolve(readStatus({ code: Number(sent['grpc-status']), details, metadata } as ServiceError))
  }
  stream.on('response', read).on('trailers', read).on('error', reject)
  stream.on('close', () => reject(new Error('the stream ended without a status')))
  stream.resume().end(Buffer.concat([prefix, message]))
  return promise
}
