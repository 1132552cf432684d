import type { ClientBase, Pool } from 'pg'

/**
 * Bears the death of a connection while it is used. The process lives on when nothing is asked of the connection at that moment, and its place
 * in the pool is free again: the query builder keeps the connection of a transaction for ever when its COMMIT or ROLLBACK fails.
 */
export function bearDeaths(pool: Pool): void {
  // What is asked of the connection next fails, and says why. Without a listener the process would end.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const endUse = new WeakMap<ClientBase, () => void>()
  pool.on('acquire', (client) => {
    const reclaim = () => {
      client.release(true)
      // Its user may still do it, and the pool throws when it is done twice.
      client.release = () => undefined
    }
    client.once('end', reclaim)
    endUse.set(client, () => client.off('end', reclaim))
  })
  pool.on('release', (_, client) => endUse.get(client)?.())
}
