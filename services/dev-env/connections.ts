import { join } from 'node:path'
import { writeConnections } from './infra/connections-file.ts'
import type { Stores } from './infra/store.ts'
import type { Network } from './network.ts'
import { demoUsers } from './seed.ts'

/** Lists every URL and credential of a network in `<state>/connections.env`, for psql, grpcurl, curl and people. */
export function listConnections(
  { gateway, services, certificates, secrets }: Network,
  { postgres }: Stores<'postgres' | 'mongo'>,
  state: string,
) {
  const client = join(certificates, 'client', 'current')
  const perService = Object.entries(services).flatMap(([name, { ports, databaseUrl }]) => {
    const prefix = `PF_${name.toUpperCase()}`
    return [
      [`${prefix}_GRPC`, `localhost:${ports.grpc}`],
      [`${prefix}_HEALTH`, `localhost:${ports.health}`],
      [`${prefix}_METRICS`, `http://localhost:${ports.metrics}/metrics`],
      [`${prefix}_DATABASE_URL`, databaseUrl],
    ]
  })
  writeConnections(
    {
      PF_GATEWAY_URL: gateway.url,
      PF_GATEWAY_ADMIN_URL: gateway.adminUrl,
      ...Object.fromEntries(perService),
      PF_POSTGRES_ADMIN_URL: postgres.url,
      PF_POSTGRES_DATA: postgres.dataDir ?? '',
      PF_CLIENT_CA: join(client, 'ca.pem'),
      PF_CLIENT_CERT: join(client, 'cert.pem'),
      PF_CLIENT_KEY: join(client, 'key.pem'),
      PF_DEMO_USERS: demoUsers().join(' '),
      PF_DEMO_PASSWORD: secrets.demoPassword,
    },
    state,
  )
}
