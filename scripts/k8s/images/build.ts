import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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
 * Builds the project's own image from its Dockerfile, on the stand-in for its base or, where `PF_K8S_BASE` names an image that can be
 * pulled, on that one; under two tags, so that an upgrade has another image to go to.
 */
export async function ownImages(): Promise<Archive[]> {
  const given = process.env['PF_K8S_BASE']
  const base = given ?? (await standIn('base')).name
  const [first, second] = ['localhost/promptforge:a', 'localhost/promptforge:b']
  await build(first!, ROOT, ['--build-arg', `BASE=${base}`], given !== undefined)
  const { program } = await builder()
  await run(program, ['tag', first!, second!])
  const archives: Archive[] = []
  for (const name of [first!, second!]) archives.push({ name, file: await save(name, archiveOf(name)) })
  return archives
}

async function make(name: string, { fill, config }: Image, file: string) {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
  const folder = mkdtempSync(join(FOLDER, 'root-'))
  try {
    const root = join(folder, 'root')
    mkdirSync(root, { mode: 0o755 })
    await fill(root)
    writeFileSync(join(folder, 'Dockerfile'), ['FROM scratch', 'COPY root /', ...config, ''].join('\n'))
    await build(name, folder, [], false)
    await save(name, file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function build(name: string, folder: string, args: string[], mayPull: boolean) {
  const { program, isBuildah } = await builder()
  const command = isBuildah ? ['bud', ...(mayPull ? [] : ['--pull-never']), '--layers'] : ['build']
  await run(program, [...command, '-t', name, ...args, folder])
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
  if (await answers('docker', ['info', '--format', '{{.ServerVersion}}'])) return { program: 'docker', isBuildah: false }
  if (await answers('buildah', ['--version'])) return { program: 'buildah', isBuildah: true }
  throw new Error('no image can be built: start Docker, or install buildah (on Debian: apt-get install buildah)')
}

const answers = (program: string, args: string[]) =>
  promisify(execFile)(program, args, { timeout: 10_000 }).then(
    () => true,
    () => false,
  )

async function run(program: string, args: string[]) {
  // A container's own namespaces are not to be had everywhere; nothing but our own Dockerfile runs here.
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
  const here = readdirSync(import.meta.dirname).sort()
  const hash = createHash('sha256')
  for (const name of here) hash.update(readFileSync(join(import.meta.dirname, name)))
  for (const name of ['requirements.txt', 'package-lock.json']) hash.update(readFileSync(join(ROOT, name)))
  return hash.digest('hex').slice(0, 12)
}
