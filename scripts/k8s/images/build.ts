import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { execFile } from 'node:child_process'
import { type Image, STAND_INS } from './roots.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** Where archives are kept from one run to the next, and what is being made. */
const FOLDER = join(ROOT, '.promptforge/k8s')

/** An image archive that a cluster can import. */
export type Archive = {
  /** What manifests call it. */
  name: string
  /** A file in docker's format. */
  file: string
}

/** Makes a stand-in, or takes the one that an earlier run made of the same packages. */
export async function standIn(name: keyof typeof STAND_INS): Promise<Archive> {
  const image = `localhost/promptforge-${name}:${sourcesHash()}`
  const file = archiveOf(image)
  if (!existsSync(file)) await make(image, STAND_INS[name], file)
  return { name: image, file }
}

/**
 * Builds our own image from the Dockerfile under a name. What `scripts/k8s/build-image.sh` reads from the environment holds here, too.
 * `PF_K8S_ARCHIVE` is the file of one that has been built under this name already.
 */
export async function ownImage(name: string): Promise<Archive> {
  const given = process.env['PF_K8S_ARCHIVE']
  if (given) return { name, file: given }
  const file = archiveOf(name)
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
  await run(join(ROOT, 'scripts/k8s/build-image.sh'), [name, file])
  return { name, file }
}

async function make(name: string, { fill, config }: Image, file: string) {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
  const folder = mkdtempSync(join(FOLDER, 'root-'))
  try {
    const root = join(folder, 'root')
    mkdirSync(root, { mode: 0o755 })
    await fill(root)
    writeFileSync(join(folder, 'Dockerfile'), ['FROM scratch', 'COPY root /', ...config, ''].join('\n'))
    await build(name, folder)
    await save(name, file)
    // The archive is what is kept.
    await run((await builder()).program, ['rmi', name])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function build(name: string, folder: string) {
  const { program, isBuildah } = await builder()
  await run(program, [...(isBuildah ? ['bud'] : ['build']), '-t', name, folder])
}

async function save(name: string, file: string): Promise<string> {
  const { program, isBuildah } = await builder()
  const draft = `${file}.new`
  rmSync(draft, { force: true })
  await run(program, isBuildah ? ['push', name, `docker-archive:${draft}:${name}`] : ['save', '-o', draft, name])
  renameSync(draft, file)
  return file
}

/** Docker, where its daemon answers; else buildah. */
async function builder(): Promise<{ program: string; isBuildah: boolean }> {
  if (await answers('docker', ['info', '--format', '{{.ServerVersion}}']))
    return { program: 'docker', isBuildah: false }
  if (await answers('buildah', ['--version'])) return { program: 'buildah', isBuildah: true }
  throw new Error('no image can be built: start Docker, or install buildah (on Debian: apt-get install buildah)')
}

const answers = (program: string, args: string[]) =>
  promisify(execFile)(program, args, { timeout: 10_000 }).then(
    () => true,
    () => false,
  )

async function run(program: string, args: string[]) {
  // Nothing is run in these builds, so they need no namespaces of their own, which are not to be had everywhere.
  const env = { ...process.env, BUILDAH_ISOLATION: process.env['BUILDAH_ISOLATION'] ?? 'chroot' }
  try {
    await promisify(execFile)(program, args, { env, maxBuffer: 64 << 20 })
  } catch (error) {
    const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string }
    const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n')
    throw new Error(`${program} ${args[0]} failed:\n${said}`, { cause: error })
  }
}

const archiveOf = (image: string) => join(FOLDER, `${image.replace(/[^a-z0-9.-]/g, '_')}.tar`)

/** Of the packages and of how they are put together. */
function sourcesHash(): string {
  const here = readdirSync(import.meta.dirname)
    .filter((name) => name !== 'build.ts')
    .sort()
  const hash = createHash('sha256')
  for (const name of here) hash.update(readFileSync(join(import.meta.dirname, name)))
  for (const name of ['requirements.txt', 'package-lock.json']) hash.update(readFileSync(join(ROOT, name)))
  return hash.digest('hex').slice(0, 12)
}
