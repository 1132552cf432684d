import Stripe from 'stripe'
import { Agent, fetch } from 'undici'

/** Milliseconds to connect, with TLS. */
const CONNECT_MS = 3000

/** Connections to the provider at once. More calls wait for one, which counts for their time. */
const CONNECTIONS = 64

/** Our own connections to the provider, for the package stripe. */
export type Connection = { client: Stripe.HttpClient; close(): Promise<void> }

/**
 * Opens connections when they are needed. The time of a call covers its whole answer. It follows no redirect, with which a key could go elsewhere, and
 * it makes every request once: with the package's own client a connection that breaks is tried again, whatever `maxNetworkRetries` says.
 */
export function openConnection(): Connection {
  const agent = new Agent({ connect: { timeout: CONNECT_MS }, connections: CONNECTIONS, allowH2: false })
  const fetchOnce = async (url: string, init: { signal: AbortSignal }) => {
    try {
      return await fetch(url, { ...init, redirect: 'error', dispatcher: agent })
    } catch {
      // By the code of another error the package would try again.
      throw init.signal.aborted ? init.signal.reason : new Error('the connection failed')
    }
  }
  const client = Stripe.createFetchHttpClient(fetchOnce as unknown as typeof globalThis.fetch)
  return { client, close: () => agent.destroy() }
}
