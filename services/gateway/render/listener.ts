import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Exposed } from '../exposed.ts'
import { failures } from '../failures.ts'
import type { GatewayOptions } from '../options.ts'
import { accessLog } from './access-log.ts'
import { bodyFieldsFilter } from './body-fields.ts'
import { CONNECTIONS, FIRST_LINE } from './connections.ts'
import { type Config, httpFilter, httpManager, typed } from './envoy.ts'
import { errorReplies } from './error-replies.ts'
import { restRoutes } from './paths.ts'
import { addressLimit, userLimit } from './rate-limits.ts'
import { requestBuffer } from './request-sizes.ts'
import { routeTable } from './routes.ts'
import { signedInOnly } from './signed-in.ts'
import { NOTHING_SPOOFED } from './spoofed.ts'
import { tokenFilter } from './tokens.ts'
import { transcoder } from './transcoder.ts'

/** The listener for people. */
export function edgeListener(methods: Exposed[], options: GatewayOptions): Config {
  const { host, port } = options.edge
  const manager = httpManager({
    stat_prefix: 'edge',
    codec_type: 'AUTO',
    ...CONNECTIONS,
    ...PATHS,
    ...identity(options),
    local_reply_config: errorReplies(failures(methods)),
    access_log: [accessLog()],
    http_filters: filters(methods, options),
    route_config: routeTable(methods, options),
  })
  return {
    name: 'edge',
    address: { socket_address: { address: host, port_value: port } },
    per_connection_buffer_limit_bytes: 1_048_576,
    ...FIRST_LINE,
    filter_chains: [{ filters: [manager] }],
  }
}

const PATHS = { normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: 'REJECT_REQUEST' }

/** Who asks, and the name of the request: nothing that only the gateway may say is taken from the caller. */
const identity = ({ trustedHops }: GatewayOptions) => ({
  use_remote_address: true,
  xff_num_trusted_hops: trustedHops,
  // Nobody is internal, not even a caller on this machine.
  internal_address_config: { cidr_ranges: [{ address_prefix: '255.255.255.255', prefix_len: 32 }] },
  always_set_request_id_in_response: true,
  ...NOTHING_SPOOFED,
})

/** In this order; answers pass them in the opposite one. The transcoder rewrites the path, and no filter before it runs again. */
function filters(methods: Exposed[], options: GatewayOptions): Config[] {
  return [
    httpFilter('health_check', 'health_check.v3.HealthCheck', {
      pass_through_mode: false,
      headers: [{ name: ':path', string_match: { exact: '/healthz' } }],
    }),
    httpFilter('cors', 'cors.v3.Cors'),
    COMPRESSOR,
    httpFilter('lua', 'lua.v3.Lua', { default_source_code: { inline_string: readFileSync(SCRIPT, 'utf8') } }),
    httpFilter('grpc_web', 'grpc_web.v3.GrpcWeb'),
    addressLimit(methods, options),
    tokenFilter(methods, options),
    userLimit(options),
    requestBuffer(),
    bodyFieldsFilter(restRoutes(methods)),
    transcoder(methods, options.descriptorSet),
    signedInOnly(methods),
    httpFilter('grpc_stats', 'grpc_stats.v3.FilterConfig', { emit_filter_state: true }),
    httpFilter('router', 'router.v3.Router', { suppress_envoy_headers: true }),
  ]
}

const SCRIPT = join(import.meta.dirname, '../gateway.lua')

const COMPRESSOR = httpFilter('compressor', 'compressor.v3.Compressor', {
  compressor_library: {
    name: 'gzip',
    typed_config: typed('extensions.compression.gzip.compressor.v3.Gzip'),
  },
  response_direction_config: {
    weaken_etag_on_compress: true,
    common_config: { min_content_length: 1024, content_type_matcher: [{ exact: 'application/json' }] },
  },
})
