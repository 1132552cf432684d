import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** Milliseconds that a mirror may take. */
const PATIENCE_MS = 600_000

/** Runs a program; `signal` ends it. */
type Options = { cwd?: string; signal?: AbortSignal }

const run = (command: string, args: string[], { cwd, signal }: Options = {}) =>
  promisify(execFile)(command, args, { timeout: PATIENCE_MS, ...(cwd && { cwd }), ...(signal && { signal }) })

/**
 * Fetches packages of the Debian that this machine runs into a new folder, unless it is there: nothing is installed, and who runs this need not be root. apt checks the
 * signatures. With `isAlone` only these packages come, without what they depend on. Throws what apt says where it cannot be done.
 */
export async function fetchPackages(
  names: readonly string[],
  place: string,
  { isAlone = false, signal }: { isAlone?: boolean; signal?: AbortSignal } = {},
): Promise<void> {
  if (existsSync(place)) return
  mkdirSync(dirname(place), { recursive: true })
  const draft = mkdtempSync(`${place}.`)
  const archives = join(draft, 'archives')
  try {
    for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(draft, name), { recursive: true })
    const apart = [`Dir::State::lists=${draft}/lists`, `Dir::Cache=${draft}`, `Dir::Cache::archives=${archives}`]
    const options = [...apart, 'Debug::NoLocking=1', 'APT::Sandbox::User=root'].flatMap((option) => ['-o', option])
    const where = { cwd: archives, ...(signal && { signal }) }
    await run('apt-get', [...options, '--quiet', 'update'], where)
    const wanted = isAlone
      ? ['download']
      : ['install', '--yes', '--download-only', '--reinstall', '--no-install-recommends']
    await run('apt-get', [...options, '--quiet', ...wanted, ...names], where)
    publish(archives, place)
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string }
    throw new Error(stderr || message, { cause: error })
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** Unpacks the packages of a folder into a new one, unless it is there. */
export async function unpackPackages(packages: string, place: string): Promise<void> {
  if (existsSync(place)) return
  const draft = mkdtempSync(`${place}.`)
  try {
    for (const name of readdirSync(packages).filter((file) => file.endsWith('.deb'))) {
      await run('dpkg-deb', ['--extract', join(packages, name), draft])
    }
    await run('chmod', ['755', draft])
    publish(draft, place)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

// Another run may have been quicker; what it has is as good.
function publish(draft: string, place: string) {
  try {
    renameSync(draft, place)
  } catch (error) {
    if (!existsSync(place)) throw error
  }
}
