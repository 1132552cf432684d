import { Socket } from 'node:net'

/**
 * Makes the socket of a connection to PostgreSQL, which ends when neither side has sent anything for so many milliseconds. Without it a
 * network that swallows packets, or a server that hangs, would keep a query and its place in the pool for ever. The server ends
 * every statement sooner, so a connection that is silent for longer has no server at its other end.
 */
export const socketEndingAfter = (silentMs: number) => () => {
  const socket = new Socket()
  return socket.setTimeout(silentMs, () => {
    const message = `PostgreSQL has sent nothing for ${silentMs} ms`
    socket.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' }))
  })
}
