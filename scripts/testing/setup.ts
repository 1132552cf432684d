import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openAuthority } from '../../services/dev-env/infra/authority.ts'
import { envoyBinary } from '../../services/dev-env/infra/envoy.ts'
import { placesOf } from '../../services/dev-env/infra/places.ts'
import { provideStores } from '../../services/dev-env/infra/stores.ts'

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
  for (const folder of folders) {
    mkdirSync(folder)
    chmodSync(folder, 0o755) // whatever our umask is, PostgreSQL's user must pass
  }
  const certificates = join(folders[0]!, 'certificates')
  process.env['PF_TEST_CERTIFICATES'] = certificates
  process.env['PF_TEST_FOLDER'] = folders.at(-1)!
  process.env['PF_TEST_ENVOY'] ??= envoyBinary()
  await issueCertificates(certificates)
  const stores = await provideStores({
    postgresUrl: process.env['PF_TEST_POSTGRES_URL'] ?? '', // not the one for `npm start`
    postgresPort: 0,
    durable: false,
    folder: `test-${process.pid}`,
  })
  process.env['PF_TEST_POSTGRES_URL'] = stores.postgres.adminUrl
  const stop = async () => {
    await stores.stop()
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

// A run that was killed could not remove its folder; its PostgreSQL has ended by itself.
function removeAbandoned(home: string) {
  for (const name of readdirSync(home)) {
    const pid = /^(?:test|bench)(?:-network)?-(\d+)$/.exec(name)?.[1]
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(home, name), { recursive: true, force: true })
  }
}
