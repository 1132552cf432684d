import type { GatewayOptions } from '../options.ts'
import { type Config, extension } from './envoy.ts'

const HEAP = 'envoy.resource_monitors.fixed_heap'
const CONNECTIONS = 10_000

/** What Envoy does before it runs out: gives memory back, ends idle connections, and then refuses requests. */
export const overloadManager = ({ memoryBytes }: GatewayOptions): Config => ({
  refresh_interval: '0.25s',
  resource_monitors: [
    extension(HEAP, 'extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig', { max_heap_size_bytes: memoryBytes }),
    extension(
      'envoy.resource_monitors.global_downstream_max_connections',
      'extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
      { max_active_downstream_connections: CONNECTIONS },
    ),
  ],
  actions: [
    action('envoy.overload_actions.shrink_heap', 0.85),
    action('envoy.overload_actions.disable_http_keepalive', 0.92),
    action('envoy.overload_actions.stop_accepting_requests', 0.95),
  ],
})

const action = (name: string, value: number) => ({ name, triggers: [{ name: HEAP, threshold: { value } }] })
