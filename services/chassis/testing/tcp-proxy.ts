import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A network between a service and a store, which a test can break. */
export type TcpProxy = {
  /** The store's URL, by way of the proxy. */
  url: string
  /** From now on nothing arrives at either side, of connections that are open and of new ones. Nobody is told. */
  swallow(): void
  /** New connections are connections again. Those that were made before stay silent. */
  restore(): void
  close(): void
}

/** Starts one in front of the server of a URL, on a free port or on `on`. */
export async function startTcpProxy(target: string, on = 0): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const open = new Set<Socket>()
  let isSilent = false
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    if (!isSilent) near.pipe(far).pipe(near)
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => open.delete(socket))
    }
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  }).listen(on, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: url.href,
    swallow: () => {
      isSilent = true
      for (const socket of open) socket.unpipe().pause()
    },
    restore: () => {
      isSilent = false
    },
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
