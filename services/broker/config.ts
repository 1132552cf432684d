import { streamAccessSchema } from '#chassis/events/stream-access.ts'
import { absolutePath, meshNames, required, type Schema } from '#chassis/config.ts'
import type { ApplyOptions } from './apply.ts'
import type { BrokerOptions, MeshNames } from './options.ts'

/** The configuration of `render`; the catalogue says the rest. */
export const renderSchema: Schema<BrokerOptions> = {
  folder: {
    doc: 'Folder that the configuration is written into: an absolute path.',
    format: absolutePath,
    default: '',
    env: 'PF_NATS_FOLDER',
  },
  storeDir: {
    doc: 'Folder for JetStream’s messages: an absolute path.',
    format: absolutePath,
    default: '',
    env: 'PF_NATS_DATA',
  },
  host: { doc: 'Address to listen on.', format: String, default: '0.0.0.0', env: 'PF_HOST' },
  port: { doc: 'Port of the broker.', format: 'port', default: 4222, env: 'PF_NATS_PORT' },
  mesh: {
    certificates: {
      doc: 'Directory with ca.pem, cert.pem and key.pem, reloaded at SIGHUP: an absolute path.',
      format: absolutePath,
      default: '',
      env: 'PF_CERTIFICATES',
    },
    ...meshNames,
  },
}

/** The configuration of `values`. */
export const valuesSchema: Schema<MeshNames> = meshNames

/** The configuration of `apply`. */
export const applySchema: Schema<ApplyOptions> = {
  url: streamAccessSchema.url,
  certificates: {
    doc: 'Directory with ca.pem, cert.pem and key.pem of the member `deploy`.',
    format: required,
    default: '',
    env: 'PF_CERTIFICATES',
  },
  replicas: {
    doc: 'Copies of each stream: 1 on one machine, 3 in a cluster.',
    format: [1, 3, 5],
    default: 1,
    env: 'PF_NATS_REPLICAS',
  },
  lanes: {
    doc: 'Lanes of the queue of tests, beside that of users’ own keys: the names of the providers in PF_TEST_PROVIDERS_FILE, separated by commas.',
    format: Array,
    default: [],
    env: 'PF_TEST_LANES',
  },
}
