import { required, type Schema } from '#chassis/config.ts'
import type { StreamAccess } from './erase-from-streams.ts'

/** The configuration of the command `erase`, beside that of the service. */
export const eraseSchema: Schema<StreamAccess> = {
  url: {
    doc: '`nats://host:port` of the broker, several separated by commas.',
    format: required,
    default: '',
    env: 'PF_NATS_URL',
  },
  certificates: {
    doc: 'Directory with ca.pem, cert.pem and key.pem of the member `deploy`, who alone may delete what streams have.',
    format: required,
    default: '',
    env: 'PF_DEPLOY_CERTIFICATES',
  },
}
