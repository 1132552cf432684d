import { once } from 'node:events'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import type { Job, Request, Sender } from './job.ts'

/** Calls that share a connection at the most. */
const CALLS_A_CONNECTION = 8

/** What a client of ours always sends. */
const HEADERS = { ':method': 'POST', te: 'trailers', 'content-type': 'application/grpc', 'grpc-timeout': '10S' }

const WINDOW = 1 << 20

/**
 * Unary gRPC on HTTP/2 as it is: grpc-js' own client takes more of the machine than the server that it is to measure.
 */
export async function grpcSender({ port, tls, concurrency }: Job): Promise<Sender> {
  const count = Math.ceil(concurrency / CALLS_A_CONNECTION)
  const sessions = await Promise.all(Array.from({ length: count }, () => open(port, tls)))
  let next = 0
  return {
    send: (request) => call(sessions[next++ % count]!, request),
    close: () => {
      for (const session of sessions) session.destroy()
    },
  }
}

async function open(port: number, tls: Job['tls']): Promise<ClientHttp2Session> {
  const scheme = tls ? 'https' : 'http'
  // The certificate names localhost; whose it is does not matter here.
  const session = connect(`${scheme}://localhost:${port}`, { ...tls, settings: { initialWindowSize: WINDOW } })
  session.on('error', () => undefined) // told to the calls that it breaks
  await once(session, 'connect')
  session.setLocalWindowSize(WINDOW)
  return session
}

function call(session: ClientHttp2Session, { path, headers, body }: Request): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ...HEADERS, ':path': path, ...headers })
    let status: string | undefined
    let bytes = -PREFIX_BYTES
    stream.on('response', (sent) => (status = statusIn(sent)))
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length))
    stream.on('trailers', (sent) => (status = statusIn(sent)))
    stream.on('error', () => undefined) // 'close' follows
    stream.on('close', () =>
      status === '0' ? resolve(bytes) : reject(new Error(`grpc-status ${status ?? 'missing'}`)),
    )
    stream.end(framed(body))
  })
}

// An error may come without a message, and then in the first headers.
const statusIn = (headers: IncomingHttpHeaders) => headers['grpc-status'] as string | undefined

const PREFIX_BYTES = 5

function framed(body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + body.length)
  frame[0] = 0
  frame.writeUInt32BE(body.length, 1)
  frame.set(body, PREFIX_BYTES)
  return frame
}
