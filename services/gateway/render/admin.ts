import type { GatewayOptions } from '../options.ts'
import { type Config, httpFilter, httpManager } from './envoy.ts'
import { socketCluster, socketIn } from './sockets.ts'

const ADMIN = 'admin'

/** What may be read by whoever reaches the port: nothing that changes anything, and no configuration dump. */
const READ = ['/ready', '/listeners', '/clusters', '/certs', '/stats', '/stats/prometheus']

/** Envoy's own admin interface: a socket in the folder, for it can stop the gateway. */
export const admin = ({ folder }: GatewayOptions): Config => ({
  address: socketIn(folder, ADMIN),
  // Prefixes, for these are compared with the query.
  allow_paths: [...READ, '/drain_listeners'].map((prefix) => ({ prefix })),
})

/**
 * The part of the admin interface that has a port, on loopback: GET of what may be read. A web page can send a POST there, and with
 * a name of its own for 127.0.0.1 it could read the answer; so the host must be local by name too.
 */
export function adminListener({ admin: { port } }: GatewayOptions): Config {
  const manager = httpManager({
    stat_prefix: 'admin_listener',
    strip_any_host_port: true,
    http_filters: [httpFilter('router', 'router.v3.Router')],
    route_config: {
      name: ADMIN,
      virtual_hosts: [{ name: ADMIN, domains: ['localhost', '127.0.0.1'], routes: READ.map(readRoute) }],
    },
  })
  return {
    name: ADMIN,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    ignore_global_conn_limit: true,
    filter_chains: [{ filters: [manager] }],
  }
}

/** The cluster behind that listener. */
export const adminCluster = ({ folder }: GatewayOptions): Config => socketCluster(folder, ADMIN)

const readRoute = (path: string): Config => ({
  match: { path, headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
  route: { cluster: ADMIN, timeout: '5s' },
})
