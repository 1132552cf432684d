import { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { Exposed } from '../exposed.ts'
import { type Config, extension, httpFilter } from './envoy.ts'
import { transcoder } from './transcoder.ts'

/** The cluster that the keys of access tokens come from: a listener of this same Envoy, which turns HTTP into GetJwks. */
export const KEYS_CLUSTER = 'keys'

/** Envoy can only fetch keys by HTTP, and user speaks gRPC: this listener, which has no socket, stands between the two. */
export function keysListener(methods: Exposed[], descriptorSet: string): Config {
  const { method } = keysRoute(methods)
  const manager = extension(
    'envoy.filters.network.http_connection_manager',
    'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    {
      stat_prefix: KEYS_CLUSTER,
      http_filters: [transcoder([method.service], descriptorSet), httpFilter('router', 'router.v3.Router')],
      route_config: {
        name: KEYS_CLUSTER,
        virtual_hosts: [
          {
            name: KEYS_CLUSTER,
            domains: ['*'],
            routes: [{ match: { prefix: '/' }, route: { cluster: method.owner, timeout: '2s' } }],
          },
        ],
      },
    },
  )
  return { name: KEYS_CLUSTER, internal_listener: {}, filter_chains: [{ filters: [manager] }] }
}

/** The URL that the keys are fetched from. */
export const keysUrl = (methods: Exposed[]) => `http://${KEYS_CLUSTER}${keysRoute(methods).path}`

function keysRoute(methods: Exposed[]) {
  const method = methods.find(({ path }) => path === AuthServiceService.getJwks.path)
  const path = method?.routes[0]?.path
  if (!method || !path) throw new Error(`${AuthServiceService.getJwks.path} must have a REST route`)
  return { method, path }
}

export const keysCluster = (): Config => ({
  name: KEYS_CLUSTER,
  type: 'STATIC',
  load_assignment: {
    cluster_name: KEYS_CLUSTER,
    endpoints: [
      {
        lb_endpoints: [{ endpoint: { address: { envoy_internal_address: { server_listener_name: KEYS_CLUSTER } } } }],
      },
    ],
  },
})
