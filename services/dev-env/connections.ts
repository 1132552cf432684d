import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DEPLOY } from '../broker/broker.ts'
import { serviceEnvFile, writeConnections, writeEnvFile } from './infra/connections-file.ts'
import type { Stores } from './infra/store.ts'
import type { Network } from './network.ts'
import { demoUsers } from './seed.ts'

/**
 * Lists every URL and credential of a network in `<state>/connections.env`, for psql, grpcurl, curl and people, and the environment of each service in
 * `<state>/services/`, for its commands.
 */
export function listConnections(
  { gateway, payments, services, certificates, secrets }: Network,
  { postgres, mongo, nats }: Stores<'postgres' | 'mongo' | 'nats'>,
  state: string,
) {
  const perService = Object.entries(services).flatMap(([name, { ports, databaseUrl }]) => {
    const prefix = `PF_${name.toUpperCase()}`
    return [
      [`${prefix}_GRPC`, `localhost:${ports.grpc}`],
      [`${prefix}_HEALTH`, `localhost:${ports.health}`],
      [`${prefix}_METRICS`, `http://localhost:${ports.metrics}/metrics`],
      [`${prefix}_DATABASE_URL`, databaseUrl],
    ]
  })
  mkdirSync(join(state, 'services'), { recursive: true, mode: 0o700 })
  for (const [name, { env }] of Object.entries(services)) {
    const PF_DEPLOY_CERTIFICATES = join(certificates, DEPLOY, 'current')
    writeEnvFile(serviceEnvFile(name, state), { ...env, PF_DEPLOY_CERTIFICATES })
  }
  writeConnections(
    {
      PF_GATEWAY_URL: gateway.url,
      PF_GATEWAY_ADMIN_URL: gateway.adminUrl,
      PF_PAYMENTS_URL: payments.url,
      ...Object.fromEntries(perService),
      PF_POSTGRES_ADMIN_URL: postgres.url,
      PF_POSTGRES_DATA: postgres.dataDir ?? '',
      PF_MONGO_ADMIN_URL: mongo.url,
      PF_NATS_ADMIN_URL: nats.url,
      ...certificatesOf('PF_NATS_ADMIN', join(certificates, DEPLOY)),
      ...certificatesOf('PF_CLIENT', join(certificates, 'client')),
      PF_DEMO_USERS: demoUsers().join(' '),
      PF_DEMO_PASSWORD: secrets.demoPassword,
    },
    state,
  )
}

const certificatesOf = (prefix: string, folder: string) => ({
  [`${prefix}_CA`]: join(folder, 'current', 'ca.pem'),
  [`${prefix}_CERT`]: join(folder, 'current', 'cert.pem'),
  [`${prefix}_KEY`]: join(folder, 'current', 'key.pem'),
})
