import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A network between a service and a store, which a test can break. */
export type TcpProxy = {
  /** The store's URL, by way of the proxy. */
  url: string
  /** From now on nothing arrives at either side, of connections that are open and of new ones. Nobody is told. */
  swallow(): void
  /** New connections are connections again. Those that were made before stay silent for the service; the store's side of them is closed. */
  restore(): void
  close(): void
}

/** Starts one in front of the server of a URL, on a free port or on `on`. */
export async function startTcpProxy(target: string, on = 0): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const open = new Set<Socket>()
  const fars = new Set<Socket>()
  const silent = new Set<Socket>()
  let isSilent = false
  const keep = (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
  }
  const server = createServer((near) => {
    keep(near)
    // The store hears nothing of a connection that is made in silence.
    if (isSilent) return
    const far = connect(Number(port), hostname)
    keep(far)
    fars.add(far)
    near.pipe(far).pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => {
      fars.delete(far)
      if (!silent.delete(far)) near.destroy()
    })
  }).listen(on, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: url.href,
    swallow: () => {
      isSilent = true
      for (const socket of open) socket.unpipe().pause()
      for (const far of fars) silent.add(far)
    },
    restore: () => {
      isSilent = false
      // A server process that waits for the rest of a connection's first message holds up those who drop a database.
      for (const far of silent) far.destroy()
    },
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
