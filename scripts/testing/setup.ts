import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { placesOf } from '../../services/dev-env/infra/places.ts'
import { startPostgres } from '../../services/dev-env/infra/postgres.ts'

/** What `teardown` undoes. */
export type TestRun = { stop(): Promise<void> }

declare global {
  var testRun: TestRun | undefined
}

/**
 * Before the first test file: one PostgreSQL for the whole run, on a free port, with its data in a folder of the run's own. The
 * tests find its superuser's URL in PF_TEST_POSTGRES_URL; when that is set from outside, that server is used and none started.
 */
export default async function setup(): Promise<void> {
  if (process.env['PF_TEST_POSTGRES_URL']) return
  const { postgres: home } = placesOf()
  removeAbandoned(home)
  const folder = join(home, `test-${process.pid}`)
  // The data are thrown away: no write needs to reach the disk.
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' }
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), home, port: 0, settings })
  process.env['PF_TEST_POSTGRES_URL'] = server.adminUrl
  const stop = async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  globalThis.testRun = { stop }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void stop().finally(() => process.kill(process.pid, signal)))
  }
}

// A run that was killed could not remove its folder; its PostgreSQL has ended by itself.
function removeAbandoned(home: string) {
  for (const name of readdirSync(home)) {
    const pid = /^test-(\d+)$/.exec(name)?.[1]
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(home, name), { recursive: true, force: true })
  }
}
