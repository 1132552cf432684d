import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** An answer; status 0 when the connection ended without one. */
export type Answer = { status: number; body: any; ms: number }

/** Sends a REST request. */
export type Send = (
  method: string,
  path: string,
  more?: { token?: string; body?: unknown; headers?: OutgoingHttpHeaders },
) => Promise<Answer>

/** Milliseconds that an answer may take. */
const TIMEOUT_MS = 15_000

/** Sends requests from an address of this machine, over connections that it keeps. */
export function sender(port: number, localAddress: string): Send & Disposable {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  const send: Send = async (method, path, { token, body, headers } = {}) => {
    const begun = performance.now()
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const sent = request({
      host: '127.0.0.1',
      port,
      localAddress,
      agent,
      method,
      path,
      timeout: TIMEOUT_MS,
      headers: {
        ...(text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...headers,
      },
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
    try {
      sent.end(text)
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      let received = ''
      for await (const chunk of response.setEncoding('utf8')) received += chunk
      return { status: response.statusCode!, body: readJson(received), ms: performance.now() - begun }
    } catch {
      return { status: 0, body: undefined, ms: performance.now() - begun }
    }
  }
  return Object.assign(send, { [Symbol.dispose]: () => agent.destroy() })
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Calls a gRPC method so many times at once on one connection, with a message as it is on the wire; answers with each `grpc-status`, or why there is none. */
export async function postGrpc(
  target: { port: number; localAddress: string; tls?: { ca: string; cert: string; key: string } },
  path: string,
  message: Buffer,
  { count, headers = {} }: { count: number; headers?: OutgoingHttpHeaders },
): Promise<string[]> {
  const { port, localAddress, tls } = target
  const place = { port, host: '127.0.0.1', localAddress }
  const session = connectHttp2(`http${tls ? 's' : ''}://127.0.0.1:${port}`, {
    // Node drops answers while more than this (MB) waits to be sent.
    maxSessionMemory: 1000,
    createConnection: () =>
      tls
        ? connectTls({ ...place, ...tls, ALPNProtocols: ['h2'], checkServerIdentity: () => undefined })
        : connect(place),
  })
  session.on('error', () => undefined)
  const prefix = Buffer.from([headers['grpc-encoding'] ? 1 : 0, 0, 0, 0, 0])
  prefix.writeUInt32BE(message.length, 1)
  const call = () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
    const read = (sent: OutgoingHttpHeaders) => {
      if (sent['grpc-status'] !== undefined) resolve(String(sent['grpc-status']))
      else if (sent[':status'] !== undefined && Number(sent[':status']) !== 200)
        resolve(`HTTP ${String(sent[':status'])}`)
    }
    stream.on('response', read).on('trailers', read)
    stream.on('error', ({ message: text }) => resolve(text)).on('close', () => resolve('the stream ended'))
    stream.setTimeout(TIMEOUT_MS, () => resolve('no answer in time'))
    stream.resume().end(Buffer.concat([prefix, message]))
    return promise
  }
  const statuses = await Promise.all(Array.from({ length: count }, call))
  session.destroy()
  return statuses
}
