import type { IncomingHttpHeaders } from 'node:http'
import type { LookupFunction } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { Agent, buildConnector, type Dispatcher, fetch } from 'undici'
import { allowPublicAnd } from './addresses.ts'

/** Bytes of an answer, beyond which the connection is closed. A response is shorter; what is around each of its pieces is not. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024

/** Connections to one provider, for each set of allowed networks. */
const CONNECTIONS = 256

/** Milliseconds to connect, with TLS. */
const CONNECT_MS = 5000

const AGENTS = new Map<string, Agent>()

/**
 * A `fetch` for providers. It follows no redirect, and sends nothing to an address that is neither public nor in `networks`: the address
 * of the open connection counts, whatever the name was resolved to before. `onSent` is told when a request is written to a connection.
 */
export function guardedFetch(networks: readonly string[], onSent: () => void): typeof globalThis.fetch {
  const dispatcher = agentFor(networks).compose(watchRequest(onSent))
  return (async (input: string | URL, init?: RequestInit) => {
    const options = { ...init, redirect: 'error', dispatcher } as Parameters<typeof fetch>[1]
    const answer = await fetch(input, options)
    // What is not compressed has been counted as it came.
    if (!answer.body || !answer.headers.has('content-encoding')) return answer
    const { status, statusText, headers } = answer
    const body = (answer.body as unknown as ReadableStream<Uint8Array>).pipeThrough(atMost(MAX_ANSWER_BYTES))
    return new Response(body, { status, statusText, headers: new Headers([...headers]) })
  }) as typeof globalThis.fetch
}

/** Closes the connections to all providers, after running requests. */
export async function closeConnections(): Promise<void> {
  const agents = [...AGENTS.values()]
  AGENTS.clear()
  await Promise.all(agents.map((agent) => agent.close()))
}

function agentFor(networks: readonly string[]): Agent {
  const key = networks.join()
  const agent = AGENTS.get(key) ?? createAgent(networks)
  AGENTS.set(key, agent)
  return agent
}

/** How names are resolved, and which authorities are trusted. Default: as the system does. */
type Surroundings = { lookup?: LookupFunction; ca?: NonNullable<SecureContextOptions['ca']> }

/** Its connections are checked when they are open, before TLS begins. */
export function createAgent(networks: readonly string[], surroundings: Surroundings = {}): Agent {
  // The caller's limits end a request: see `callModel`.
  return new Agent({
    connect: createConnector(networks, surroundings),
    connections: CONNECTIONS,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}

// First the bare connection, whose address is known before anything is sent, then TLS on it.
function createConnector(networks: readonly string[], surroundings: Surroundings): buildConnector.connector {
  const isAllowed = allowPublicAnd(networks)
  const connect = buildConnector({ timeout: CONNECT_MS, ...surroundings })
  return (options, done) =>
    connect({ ...options, protocol: 'http:' }, (error, socket) => {
      if (error) return done(error, null)
      const address = socket.remoteAddress ?? ''
      if (!isAllowed(address)) {
        socket.destroy()
        return done(new AddressRefused(address), null)
      }
      if (options.protocol !== 'https:') return done(null, socket)
      connect({ ...options, httpSocket: socket }, done)
    })
}

/** The provider's name leads to an address that requests must not go to. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
  constructor(address: string) {
    super(`the address ${address} is not public: list its network in allowedNetworks if the provider is there`)
  }
}

/** Tells when a request is written, ends an answer that is too long, and hands on its pieces: see `Joining`. */
const watchRequest =
  (onSent: () => void): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) =>
    dispatch(options, new Joining(handler, onSent))

/**
 * Hands on as one what was read together: a provider that is fast sends many pieces at once, each of which would go through the streams of
 * the SDK alone.
 */
class Joining implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #onSent: () => void
  #pieces: Buffer[] = []
  #bytes = 0

  constructor(handler: Dispatcher.DispatchHandler, onSent: () => void) {
    this.#handler = handler
    this.#onSent = onSent
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown) {
    this.#onSent()
    this.#handler.onRequestStart?.(controller, context)
  }

  onResponseStart(...start: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>) {
    this.#handler.onResponseStart?.(...start)
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer) {
    this.#bytes += piece.length
    if (this.#bytes > MAX_ANSWER_BYTES) throw tooLong()
    if (this.#pieces.push(piece) > 1) return
    queueMicrotask(() => {
      try {
        this.#handOn(controller)
      } catch (error) {
        controller.abort(error as Error)
      }
    })
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders) {
    this.#handOn(controller)
    this.#handler.onResponseEnd?.(controller, trailers)
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error) {
    this.#pieces = []
    this.#handler.onResponseError?.(controller, error)
  }

  #handOn(controller: Dispatcher.DispatchController) {
    const pieces = this.#pieces
    this.#pieces = []
    if (pieces.length > 0 && !controller.aborted) this.#handler.onResponseData?.(controller, Buffer.concat(pieces))
  }
}

function atMost(limit: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0
  return new TransformStream({
    transform: (chunk, controller) => {
      bytes += chunk.length
      if (bytes > limit) controller.error(tooLong())
      else controller.enqueue(chunk)
    },
  })
}

const tooLong = () => new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`)
