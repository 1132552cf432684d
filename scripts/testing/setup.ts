import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openAuthority } from '../../services/dev-env/infra/authority.ts'
import { envoyBinary } from '../../services/dev-env/infra/envoy.ts'
import { placesOf } from '../../services/dev-env/infra/places.ts'
import { startPostgres } from '../../services/dev-env/infra/postgres.ts'

/** What `teardown` undoes. */
export type TestRun = { stop(): Promise<void> }

declare global {
  var testRun: TestRun | undefined
}

/** Who has a certificate in the test mesh: every service, the gateway, and people's clients. */
const MEMBERS = ['user', 'prompt', 'version', 'test', 'marketplace', 'analytics', 'gateway', 'client']

/**
 * Before the first test file: one PostgreSQL for the whole run, on a free port, and a certificate authority, both in folders of
 * the run's own. The tests find the superuser's URL in PF_TEST_POSTGRES_URL (when that is set from outside, that server is used
 * and none started), and the certificates in PF_TEST_CERTIFICATES: `<member>/current/` with ca.pem, cert.pem and key.pem.
 * PF_TEST_ENVOY is the envoy program, PF_TEST_FOLDER a folder for what a PostgreSQL of a test's own has to reach.
 */
export default async function setup(): Promise<void> {
  const { state, postgres: home } = placesOf()
  for (const place of new Set([state, home])) removeAbandoned(place)
  const folders = [...new Set([state, home])].map((place) => join(place, `test-${process.pid}`))
  for (const folder of folders) mkdirSync(folder, { mode: 0o755 })
  const certificates = join(folders[0]!, 'certificates')
  process.env['PF_TEST_CERTIFICATES'] = certificates
  process.env['PF_TEST_FOLDER'] = folders.at(-1)!
  process.env['PF_TEST_ENVOY'] ??= envoyBinary()
  await issueCertificates(certificates)
  const server = process.env['PF_TEST_POSTGRES_URL'] ? undefined : await startServer(home, folders.at(-1)!)
  const stop = async () => {
    await server?.stop()
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  }
  globalThis.testRun = { stop }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void stop().finally(() => process.kill(process.pid, signal)))
  }
}

async function issueCertificates(dir: string) {
  const authority = await openAuthority(dir, { trustDomain: 'promptforge.local', namespace: 'promptforge' })
  for (const member of MEMBERS) await authority.issue(member)
}

async function startServer(home: string, folder: string) {
  // The data are thrown away: no write needs to reach the disk.
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' }
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), home, port: 0, settings })
  process.env['PF_TEST_POSTGRES_URL'] = server.adminUrl
  return server
}

// A run that was killed could not remove its folder; its PostgreSQL has ended by itself.
function removeAbandoned(home: string) {
  for (const name of readdirSync(home)) {
    const pid = /^test-(\d+)$/.exec(name)?.[1]
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(home, name), { recursive: true, force: true })
  }
}
