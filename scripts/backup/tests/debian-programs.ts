import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { placesOf } from '../../../services/dev-env/infra/places.ts'
import { cacheFolder } from '../../bootstrap/stores.mjs'

/** Milliseconds that a mirror may take. */
const PATIENCE_MS = 600_000

const run = (command: string, args: string[]) => promisify(execFile)(command, args, { timeout: PATIENCE_MS })

/** What is taken from Debian, and its release: no other one has PostgreSQL 15. */
const PACKAGES = ['postgresql-15', 'pgbackrest', 'libfaketime']
const RELEASE = 'debian-12'

/** Programs of Debian for this test. */
export type DebianPrograms = {
  /** Folder with PostgreSQL's programs. */
  postgres: string
  /** PATH and LD_LIBRARY_PATH to run all of them with. */
  env: { PATH: string; LD_LIBRARY_PATH: string }
  /** The library that, preloaded, gives a program another clock. */
  faketime: string
}

/**
 * PostgreSQL 15 and pgBackRest 2.45 of Debian 12, unpacked into a folder of this clone: nothing is installed on the machine, nothing is
 * started there, and who runs this need not be root. The packages are fetched by apt, which checks their signatures, and kept in the
 * user's cache. Throws one sentence where that cannot be done.
 */
export async function debianPrograms(): Promise<DebianPrograms> {
  const folder = join(placesOf().postgres, `${RELEASE}-programs`)
  if (!existsSync(folder)) await unpack(await fetchPackages(), folder)
  const libraries = join(folder, 'usr/lib/x86_64-linux-gnu')
  const paths = [libraries, join(folder, 'lib/x86_64-linux-gnu')].join(':')
  const postgres = join(folder, 'usr/lib/postgresql/15/bin')
  return {
    postgres,
    env: { PATH: [join(folder, 'usr/bin'), postgres, '/usr/bin', '/bin'].join(':'), LD_LIBRARY_PATH: paths },
    faketime: join(libraries, 'faketime/libfaketime.so.1'),
  }
}

async function fetchPackages(): Promise<string> {
  const packages = join(cacheFolder(), `${RELEASE}-packages`)
  if (existsSync(packages)) return packages
  mkdirSync(cacheFolder(), { recursive: true })
  const draft = mkdtempSync(`${packages}.`)
  try {
    for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(draft, name), { recursive: true })
    const apart = [`Dir::State::lists=${draft}/lists`, `Dir::Cache=${draft}`, `Dir::Cache::archives=${draft}/archives`]
    const options = [...apart, 'Debug::NoLocking=1', 'APT::Sandbox::User=root'].flatMap((option) => ['-o', option])
    await run('apt-get', [...options, '--quiet', 'update'])
    const wanted = ['--download-only', '--reinstall', '--no-install-recommends', ...PACKAGES]
    await run('apt-get', [...options, '--quiet', '--yes', 'install', ...wanted])
    publish(join(draft, 'archives'), packages)
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string }
    throw new Error(
      `This test takes ${PACKAGES.join(', ')} from Debian 12 by apt-get, which did not succeed: run it on Debian 12, or leave it out with PF_TEST_BACKUP=skip.\n${stderr || message}`,
      { cause: error },
    )
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return packages
}

async function unpack(packages: string, folder: string) {
  const draft = mkdtempSync(`${folder}.`)
  try {
    for (const name of readdirSync(packages).filter((file) => file.endsWith('.deb'))) {
      await run('dpkg-deb', ['--extract', join(packages, name), draft])
    }
    await run('chmod', ['755', draft])
    publish(draft, folder)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

// Another run may have been quicker; what it has is as good.
function publish(draft: string, folder: string) {
  try {
    renameSync(draft, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
}
