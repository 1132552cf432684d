import { meshNames, required, type Schema } from '#chassis/config.ts'
import type { CheckOptions } from './check.ts'

/** The configuration of `check`, for these services. */
export const checkSchema = (services: readonly { name: string; port: number }[]): Schema<CheckOptions> => ({
  gatewayUrl: {
    doc: 'URL of the gateway.',
    format: required,
    default: 'http://gateway:80',
    env: 'PF_GATEWAY_URL',
  },
  mesh: {
    certificates: {
      doc: 'Directory with ca.pem, cert.pem and key.pem of a member of the mesh.',
      format: required,
      default: '',
      env: 'PF_CERTIFICATES',
    },
    ...meshNames,
  },
  services: Object.fromEntries(
    services.map(({ name, port }) => [
      name,
      {
        doc: `gRPC target of the ${name} service.`,
        format: String,
        default: `dns:///${name}:${port}`,
        env: `PF_${name.toUpperCase()}_SERVICE`,
      },
    ]),
  ),
})
