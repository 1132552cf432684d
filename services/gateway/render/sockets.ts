import { join } from 'node:path'
import type { Config } from './envoy.ts'

// The longest path of a socket on Linux, without the byte that ends it.
const LONGEST = 107

/** The address of a socket in this folder that only the user who Envoy runs as may open. Throws for a path that Linux does not take. */
export function socketIn(folder: string, name: string): Config {
  const path = join(folder, `${name}.sock`)
  if (Buffer.byteLength(path) > LONGEST) {
    throw new Error(`${path} is too long for a socket: choose a shorter folder (PF_GATEWAY_FOLDER)`)
  }
  return { pipe: { path, mode: 0o600 } }
}

/** The cluster of what listens at the socket of this name. */
export const socketCluster = (folder: string, name: string): Config => ({
  name,
  type: 'STATIC',
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: socketIn(folder, name) } }] }],
  },
})
