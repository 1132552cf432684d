import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What is served: the bound port, and how to stop, with all connections. */
export type HttpServer = { port: number; close(): Promise<void> }

/** Serves plain HTTP for probes and Prometheus; port 0 takes a free one. */
export async function serveHttp(listener: RequestListener, host: string, port: number): Promise<HttpServer> {
  const server = createServer(listener)
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
