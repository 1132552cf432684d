import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { loadContract } from '../../services/contracts/contract.ts'
import { envoyBinary } from '../../services/dev-env/infra/envoy.ts'
import { placesOf } from '../../services/dev-env/infra/places.ts'
import { together } from '../../services/dev-env/infra/store.ts'
import { provideMongo, providePostgres } from '../../services/dev-env/infra/stores.ts'
import { openMembers } from '../../services/dev-env/members.ts'
import { endWithParent } from '../bootstrap/parent.mjs'

/** What `teardown` undoes. */
export type TestRun = { stop(): Promise<void> }

declare global {
  var testRun: TestRun | undefined
}

/**
 * Before the first test file: one PostgreSQL and one MongoDB for the whole run, on free ports, and a certificate authority, in
 * folders of the run's own. The tests find the superuser's URL in PF_TEST_POSTGRES_URL and MongoDB's in PF_TEST_MONGO_URL (what
 * is set from outside is used, and none started), and the certificates in PF_TEST_CERTIFICATES: `<member>/current/` with ca.pem,
 * cert.pem and key.pem. PF_TEST_ENVOY is the envoy program, PF_TEST_FOLDER a folder for what a PostgreSQL of a test's own has to
 * reach. A NATS is started by each file that needs one: streams are not to be shared.
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
  await issueCertificates(folders[0]!)
  const folder = `test-${process.pid}`
  const { PF_TEST_POSTGRES_URL = '', PF_TEST_MONGO_URL = '' } = process.env // not those for `npm start`
  const stores = await together({
    postgres: providePostgres({ port: 0, url: PF_TEST_POSTGRES_URL, folder, durable: false }),
    mongo: provideMongo({ port: 0, url: PF_TEST_MONGO_URL, folder, durable: false }),
  })
  process.env['PF_TEST_POSTGRES_URL'] = stores.postgres.url
  process.env['PF_TEST_MONGO_URL'] = stores.mongo.url
  const stop = async () => {
    if (PF_TEST_POSTGRES_URL) {
      const { dropTemplates } = await import('../../services/chassis/testing/database.ts')
      await dropTemplates(PF_TEST_POSTGRES_URL)
    }
    await stores.stop()
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  }
  globalThis.testRun = { stop }
  const stopWatching = endWithParent()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      stopWatching()
      void stop().finally(() => process.kill(process.pid, signal))
    })
  }
}

// Beside the members of every mesh those whom a policy lets in: services that are yet to come are in the tests of who may call.
async function issueCertificates(state: string) {
  const authority = await openMembers(state)
  const allowed = [...loadContract().methods.values()].flatMap(({ policy }) => policy?.services ?? [])
  for (const member of new Set(allowed)) await authority.issue(member)
}

// A run that was killed could not remove its folder; its PostgreSQL has ended by itself.
function removeAbandoned(home: string) {
  for (const name of readdirSync(home)) {
    const pid = /^(?:test|bench|chaos|abuse|scale|scale-small)(?:-network)?-(\d+)$/.exec(name)?.[1]
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(home, name), { recursive: true, force: true })
  }
}
