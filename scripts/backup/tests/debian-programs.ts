import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { placesOf } from '../../../services/dev-env/infra/places.ts'
import { cacheFolder } from '../../bootstrap/stores.mjs'
import { fetchPackages, unpackPackages } from '../../processes/debian.ts'

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
  if (!existsSync(folder)) await unpackPackages(await packagesOf(), folder)
  const libraries = join(folder, 'usr/lib/x86_64-linux-gnu')
  const paths = [libraries, join(folder, 'lib/x86_64-linux-gnu')].join(':')
  const postgres = join(folder, 'usr/lib/postgresql/15/bin')
  return {
    postgres,
    env: { PATH: [join(folder, 'usr/bin'), postgres, '/usr/bin', '/bin'].join(':'), LD_LIBRARY_PATH: paths },
    faketime: join(libraries, 'faketime/libfaketime.so.1'),
  }
}

async function packagesOf(): Promise<string> {
  const packages = join(cacheFolder(), `${RELEASE}-packages`)
  await fetchPackages(PACKAGES, packages).catch((error: Error) => {
    throw new Error(
      `This test takes ${PACKAGES.join(', ')} from Debian 12 by apt-get, which did not succeed: run it on Debian 12, or leave it out with PF_TEST_BACKUP=skip.\n${error.message}`,
      { cause: error },
    )
  })
  return packages
}
