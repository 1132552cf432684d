import Stripe from 'stripe'
import { Agent, type Dispatcher, request } from 'undici'

/** Milliseconds to connect, with TLS. */
const CONNECT_MS = 3000

/** Connections to the provider at once. More calls wait for one, which counts for their time. */
const CONNECTIONS = 64

/** What the package asks for. */
type Init = { method: 'GET' | 'POST' | 'DELETE'; headers: [string, string][]; body?: string; signal: AbortSignal }

/** Our own connections to the provider, for the package stripe. */
export type Connection = { client: Stripe.HttpClient; close(): Promise<void> }

/**
 * Opens connections when they are needed. The time of a call covers its whole answer. It follows no redirect, with which a key could go elsewhere, and
 * it makes every request once: with the package's own client a connection that breaks is tried again, whatever `maxNetworkRetries` says. The streams of
 * undici's `fetch` cost more than the request itself, so the package gets of its answer only what it reads.
 */
export function openConnection(): Connection {
  const agent = new Agent({ connect: { timeout: CONNECT_MS }, connections: CONNECTIONS, allowH2: false })
  const fetchOnce = async (url: string, init: Init) => {
    const failure = () => (init.signal.aborted ? init.signal.reason : new Error('the connection failed'))
    try {
      const { method, headers: sent, body: form = null, signal } = init
      const options = { method, headers: Object.fromEntries(sent), body: form, signal, dispatcher: agent }
      const { statusCode: status, headers, body } = await request(url, options)
      // Whoever reads it hears of it, too; without a listener the process would end when the package gives an answer up.
      body.on('error', () => undefined)
      if (status >= 300 && status < 400) {
        body.destroy()
        throw failure()
      }
      return { status, headers: entriesOf(headers), body, text: () => body.text() }
    } catch {
      // By the code of another error the package would try again.
      throw failure()
    }
  }
  const client = Stripe.createFetchHttpClient(fetchOnce as unknown as typeof globalThis.fetch)
  return { client, close: () => agent.destroy() }
}

const entriesOf = (headers: Dispatcher.ResponseData['headers']): [string, string][] =>
  Object.entries(headers).map(([name, value]) => [name, String(value)])
