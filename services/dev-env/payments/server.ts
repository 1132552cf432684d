import { createServer, type Server } from 'node:http'
import { Book } from './book.ts'
import type { ProviderConfig } from './config.ts'
import { serveControl } from './control.ts'
import { doLater } from './later.ts'
import { Orders } from './orders.ts'
import { API_VERSION, serveApi } from './serve.ts'
import { sendEvents } from './webhooks.ts'

/**
 * The payment provider: speaks as much of Stripe's API at `/v1` as a purchase needs, and sends events. What only tests may do is at `/control`.
 * It goes on where the journal ends.
 */
export async function createPaymentServer(config: ProviderConfig): Promise<Server> {
  const { key, webhookSecret, journal, laterMs } = config
  const book = await Book.open(journal === '' ? undefined : journal)
  const orders = new Orders()
  const api = serveApi(book, orders, { key, laterMs })
  const later = doLater(book, API_VERSION, laterMs)
  const events = sendEvents(book, orders, webhookSecret)
  const server = createServer((request, response) => {
    response.on('error', () => undefined)
    const isControl = request.url?.startsWith('/control/')
    const served = isControl ? serveControl(book, orders, request, response) : api(request, response)
    served.catch((error: unknown) => {
      console.error(error)
      response.destroy()
    })
  })
  server.on('close', () => {
    later.stop()
    events.stop()
  })
  return server
}
