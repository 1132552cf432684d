import { Metadata } from '@grpc/grpc-js'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Marketplace } from './harness.ts'

/** Sends a notice to the service, as the gateway does. */
export function notify({ webhook }: Pick<Marketplace, 'webhook'>, body: Buffer | string, signature?: string) {
  const metadata = new Metadata()
  if (signature !== undefined) metadata.set('stripe-signature', signature)
  const raw = { contentType: 'application/json', data: Buffer.from(body), extensions: [] }
  return webhook.receivePaymentNotice({ raw }, { metadata })
}

/** Has the payment provider send its notices to the service, in the place of the gateway. */
export async function passNotices(market: Marketplace): Promise<AsyncDisposable & { taken: () => number }> {
  let taken = 0
  const server = createServer((request, response) => {
    void buffer(request)
      .then((body) => notify(market, body, String(request.headers['stripe-signature'])))
      .then(
        () => {
          taken += 1
          response.end('{}')
        },
        () => response.writeHead(503).end(),
      )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await market.payments.control.sendEventsTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return {
    taken: () => taken,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
