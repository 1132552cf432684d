import { meshNames, required, type Schema } from '#chassis/config.ts'
import { mongoUrl, postgresUrl } from '#chassis/url-formats.ts'

/** How a pod reaches the API of its cluster, and as whom. */
export type KubernetesConfig = { host: string; port: number; account: string }

/** The configuration of every command. */
export type DeployConfig = { kubernetes: KubernetesConfig; mesh: { trustDomain: string; namespace: string } }

/** The configuration of `databases`. */
export type DatabasesConfig = DeployConfig & { postgres: { url: string }; mongo: { url: string } }

/** The schema of DeployConfig. */
export const deploySchema: Schema<DeployConfig> = {
  kubernetes: {
    host: {
      doc: 'Host of the Kubernetes API. Kubernetes sets it.',
      format: required,
      default: 'kubernetes.default.svc',
      env: 'KUBERNETES_SERVICE_HOST',
    },
    port: {
      doc: 'Port of the Kubernetes API. Kubernetes sets it.',
      format: 'port',
      default: 443,
      env: 'KUBERNETES_SERVICE_PORT',
    },
    account: {
      doc: 'Directory with ca.crt and token of the service account.',
      format: required,
      default: '/var/run/secrets/kubernetes.io/serviceaccount',
      env: 'PF_SERVICE_ACCOUNT',
    },
  },
  mesh: {
    ...meshNames,
    namespace: {
      doc: 'Namespace of the Secrets, and in the SPIFFE ids.',
      format: required,
      default: 'promptforge',
      env: 'PF_NAMESPACE',
    },
  },
}

/** The schema of DatabasesConfig. */
export const databasesSchema: Schema<DatabasesConfig> = {
  ...deploySchema,
  postgres: {
    url: {
      doc: 'URL of a PostgreSQL superuser.',
      format: postgresUrl,
      default: '',
      env: 'PF_POSTGRES_URL',
      sensitive: true,
    },
  },
  mongo: {
    url: {
      doc: 'URL of the MongoDB, which services get as it is. Empty: their Secrets are made by somebody else.',
      format: (value: unknown) => value === '' || mongoUrl(value),
      default: '',
      env: 'PF_MONGO_URL',
      sensitive: true,
    },
  },
}
