import { isIP } from 'node:net'
import { spiffeId } from '#chassis/spiffe.ts'
import type { GatewayOptions } from '../options.ts'
import { type Config, extension, typed } from './envoy.ts'
import { authoritySecret, identitySecret } from './secrets.ts'

/**
 * The instances of one service, over mutual TLS with exactly that service's SPIFFE id. Health is looked at twice a second, so
 * that an instance which drains is left alone before it stops taking calls (the chassis waits for that).
 */
export function serviceCluster(name: string, options: GatewayOptions): Config {
  const addresses = (options.services[name] ?? []).map(parseAddress)
  if (addresses.length === 0) throw new Error(`no address is given for the service ${name}`)
  return {
    name,
    ...discovery(addresses),
    connect_timeout: '1s',
    lb_policy: 'LEAST_REQUEST',
    // When no instance is healthy, asking one is better than asking none.
    common_lb_config: { healthy_panic_threshold: { value: 1 } },
    circuit_breakers: {
      thresholds: [{ max_connections: 1024, max_pending_requests: 4096, max_requests: 4096, max_retries: 1024 }],
    },
    health_checks: [HEALTH_CHECK],
    typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': HTTP2 },
    transport_socket: tls(name, options),
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: addresses.map(endpoint) }] },
  }
}

const HEALTH_CHECK = {
  timeout: '1s',
  interval: '0.5s',
  no_traffic_interval: '0.5s',
  unhealthy_threshold: 2,
  healthy_threshold: 1,
  grpc_health_check: { service_name: '' },
}

/**
 * Bytes that the gateway keeps of an answer whose client does not read, and of all answers on a connection. The other calls of a connection stand
 * still when those fill it, so it has room for as many as a service sends at a time (32 downloads).
 */
const STREAM_WINDOW = 1_048_576
const CONNECTION_WINDOW = 64 * STREAM_WINDOW

const HTTP2 = typed('extensions.upstreams.http.v3.HttpProtocolOptions', {
  explicit_http_config: {
    http2_protocol_options: {
      connection_keepalive: { interval: '30s', timeout: '5s' },
      initial_stream_window_size: STREAM_WINDOW,
      initial_connection_window_size: CONNECTION_WINDOW,
    },
  },
})

type Address = { host: string; port: number }

function parseAddress(text: string): Address {
  const [, host, port] = /^(?:dns:\/\/\/)?([^/]+):(\d+)$/.exec(text) ?? []
  if (!host || !port) throw new Error(`${text} is not an address: write host:port`)
  return { host, port: Number(port) }
}

// Names of a headless service: all its addresses, looked up each second, as clients of the chassis do.
const discovery = (addresses: Address[]) =>
  addresses.every(({ host }) => isIP(host)) ? { type: 'STATIC' } : { cluster_type: NAMES }

// Services listen on IPv4 (0.0.0.0) unless they are told otherwise.
const NAMES = extension('envoy.cluster.dns', 'extensions.clusters.dns.v3.DnsCluster', {
  dns_refresh_rate: '1s',
  dns_lookup_family: 'V4_PREFERRED',
})

const endpoint = ({ host, port }: Address) => ({
  endpoint: { address: { socket_address: { address: host, port_value: port } } },
})

function tls(name: string, { mesh, folder }: GatewayOptions) {
  const id = spiffeId(mesh, name)
  return extension('envoy.transport_sockets.tls', 'extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
    sni: name,
    common_tls_context: {
      alpn_protocols: ['h2'],
      tls_certificate_sds_secret_configs: [identitySecret(folder)],
      combined_validation_context: {
        default_validation_context: { match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: id } }] },
        validation_context_sds_secret_config: authoritySecret(folder),
      },
    },
  })
}
