import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { run, step, Stop } from './step.mjs'

const PYTHONS = ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3']

/** What clones share: `promptforge` in the user's cache. */
export const cacheFolder = () => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'promptforge')

/**
 * The virtual environment with the programs of requirements.txt, for all clones with the same requirements. It need not exist.
 *
 * @param {string} root
 */
export function storesFolder(root) {
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'requirements.txt')))
    .digest('hex')
  return join(cacheFolder(), hash.slice(0, 16))
}

/**
 * Whether that environment is there, with the Python that it was made with.
 *
 * @param {string} root
 */
export const storesArePresent = (root) => existsSync(join(storesFolder(root), 'bin/python'))

/**
 * Makes that environment.
 *
 * @param {string} root
 * @param {AbortSignal} signal
 */
export const installStores = (root, signal) => installPython(join(root, 'requirements.txt'), storesFolder(root), signal)

/**
 * The virtual environment with what a file of requirements names, in a folder of the cache for each of its versions. It is made when it is not
 * there, as a step of this name.
 *
 * @param {string} requirements
 * @param {{ name: string, place: string, signal: AbortSignal }} options `place` is the beginning of the folder's path
 */
export async function pythonFor(requirements, { name, place, signal }) {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex')
  const link = `${place}-${hash.slice(0, 12)}`
  if (!existsSync(join(link, 'bin/python'))) await step(name, () => installPython(requirements, link, signal))
  return link
}

/**
 * Makes a virtual environment with what a file of requirements names, without dependencies. Its scripts name its folder, so it is built in
 * the place where it stays; a symbolic link, set at the end and in one step, is what makes it the one that is used. Who loses a race against
 * another start removes its own.
 *
 * @param {string} requirements
 * @param {string} link
 * @param {AbortSignal} signal
 */
async function installPython(requirements, link, signal) {
  const cwd = dirname(requirements)
  const python = await findPython()
  mkdirSync(dirname(link), { recursive: true })
  const folder = mkdtempSync(`${link}.`)
  try {
    await run(python, ['-m', 'venv', folder], { cwd, signal })
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--only-binary',
      ':all:',
    ]
    await run(join(folder, 'bin/python'), [...pip, '--require-hashes', '-r', requirements], { cwd, signal })
    publish(folder, link)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/**
 * @param {string} folder
 * @param {string} link
 */
function publish(folder, link) {
  if (existsSync(join(link, 'bin/python'))) return rmSync(folder, { recursive: true })
  const draft = `${folder}.link`
  symlinkSync(basename(folder), draft)
  renameSync(draft, link)
}

/** The command of a Python that fits. Throws a Stop that says what to install. */
export async function findPython() {
  const script = 'import ensurepip, sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))'
  for (const python of PYTHONS) {
    const fits = await promisify(execFile)(python, ['-c', script]).then(
      () => true,
      () => false,
    )
    if (fits) return python
  }
  throw new Stop(
    'Install Python 3.10 to 3.13 with its venv module (on Debian: apt-get install python3-venv) and start again.',
  )
}
