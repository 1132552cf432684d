import { absolutePath, type Schema } from '#chassis/config.ts'

/** The configuration of the gateway's sidecar. */
export type SidecarConfig = { folder: string; host: string; port: number }

/** The schema of SidecarConfig. */
export const sidecarSchema: Schema<SidecarConfig> = {
  folder: {
    doc: 'Folder with the gateway’s configuration and the socket of its admin interface: an absolute path.',
    format: absolutePath,
    default: '',
    env: 'PF_GATEWAY_FOLDER',
  },
  host: { doc: 'Address to listen on.', format: String, default: '0.0.0.0', env: 'PF_HOST' },
  port: { doc: 'Port of /live, /ready and /metrics.', format: 'port', default: 9902, env: 'PF_METRICS_PORT' },
}
