import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A network between a service and a store, which a test can break. */
export type TcpProxy = {
  /** The store's URL, by way of the proxy. */
  url: string
  /** From now on nothing arrives at either side of the connections that are open. Nobody is told. */
  swallow(): void
  close(): void
}

/** Starts one in front of the server of a URL. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => open.delete(socket))
    }
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: url.href,
    swallow: () => {
      for (const socket of open) socket.unpipe().pause()
    },
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
