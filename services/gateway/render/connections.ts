import { extension, seconds } from './envoy.ts'

/** Seconds in which a request must have arrived, with its body. */
export const REQUEST_SECONDS = 30

/** How long a listener waits for the first line of a connection: the times below begin with a request, and one that says nothing has none. */
export const FIRST_LINE = {
  listener_filters_timeout: '5s',
  listener_filters: [
    extension('envoy.filters.listener.http_inspector', 'extensions.filters.listener.http_inspector.v3.HttpInspector'),
  ],
}

/** How long a connection and a request may take, and what a connection may hold. Streams have times of their own, in their routes. */
export const CONNECTIONS = {
  // Longer than the 60 s for which load balancers keep an idle connection: who closes it first must not be the gateway.
  common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST', idle_timeout: '75s' },
  http2_protocol_options: {
    max_concurrent_streams: 100,
    initial_stream_window_size: 65_536,
    initial_connection_window_size: 1_048_576,
  },
  request_headers_timeout: '10s',
  request_timeout: seconds(REQUEST_SECONDS),
  stream_idle_timeout: '120s',
  server_header_transformation: 'PASS_THROUGH',
}
