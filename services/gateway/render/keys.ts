import { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { Exposed } from '../exposed.ts'
import type { GatewayOptions } from '../options.ts'
import { type Config, httpFilter, httpManager } from './envoy.ts'
import { socketCluster, socketIn } from './sockets.ts'
import { NOTHING_SPOOFED } from './spoofed.ts'
import { transcoder } from './transcoder.ts'

/** The cluster that the keys of access tokens come from: a listener of this same Envoy, which turns HTTP into GetJwks. */
export const KEYS_CLUSTER = 'keys'

/**
 * Envoy can only fetch keys by HTTP, and user speaks gRPC: this listener, at a socket without a port, stands between the two. No rate
 * limit and no check of tokens is here, so it has GetJwks alone, and only Envoy's own user may open the socket.
 */
export function keysListener(methods: Exposed[], { folder, descriptorSet }: GatewayOptions): Config {
  const { method } = keysRoute(methods)
  const manager = httpManager({
    stat_prefix: KEYS_CLUSTER,
    ...NOTHING_SPOOFED,
    http_filters: [transcoder([method], descriptorSet), httpFilter('router', 'router.v3.Router')],
    route_config: {
      name: KEYS_CLUSTER,
      virtual_hosts: [
        {
          name: KEYS_CLUSTER,
          domains: ['*'],
          // The transcoder has made this path of the one that REST has.
          routes: [{ match: { path: method.path }, route: { cluster: method.owner, timeout: '2s' } }],
        },
      ],
    },
  })
  return {
    name: KEYS_CLUSTER,
    address: socketIn(folder, KEYS_CLUSTER),
    // Tokens can be checked when clients have taken all connections.
    ignore_global_conn_limit: true,
    filter_chains: [{ filters: [manager] }],
  }
}

/** The URL that the keys are fetched from. */
export const keysUrl = (methods: Exposed[]) => `http://${KEYS_CLUSTER}${keysRoute(methods).path}`

function keysRoute(methods: Exposed[]) {
  const method = methods.find(({ path }) => path === AuthServiceService.getJwks.path)
  const path = method?.routes[0]?.path
  if (!method || !path) throw new Error(`${AuthServiceService.getJwks.path} must have a REST route`)
  return { method, path }
}

/** The cluster of that listener. One of Envoy's internal listeners would not do: the thread that fetches keys cannot reach those. */
export const keysCluster = ({ folder }: GatewayOptions): Config => socketCluster(folder, KEYS_CLUSTER)
