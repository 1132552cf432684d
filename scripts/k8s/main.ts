// `npm run test:k8s`: installs PromptForge with the chart on the cluster that KUBECONFIG names, disturbs it under load, and removes it again.
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { step } from '../bootstrap/step.mjs'
import { endWithParent } from '../bootstrap/parent.mjs'
import { outcome } from '../processes/outcome.ts'
import { type Cluster, command, openCluster } from './cluster.ts'
import { assertShares, deletePod, evictTwo, killPod, scale, until, untilRolledOut } from './disturb.ts'
import { applyStores, chartArguments, HELM_WAIT, type Images, importImages, makeNamespace, RELEASE } from './install.ts'
import { startLoad } from './load.ts'
import { assertEdges, assertStrangerIsRefused } from './network.ts'
import { PROOF, readyPods } from './pods.ts'
import { applyRendered, deleteRendered } from './rendered.ts'
import { drillVersions } from './restore-drill.ts'
import { assertSameSecrets, assertTokenIsGood, registerVisitor, secretHashes, signInAgain } from './secrets.ts'
import { installWithoutSecret, installWithSecret, LACKING } from './missing-secret.ts'
import { uninstall } from './uninstall.ts'

const USAGE = `KUBECONFIG=… PF_K8S_IMPORT=COMMAND npm run test:k8s -- [--namespace NAME] [--keep]
COMMAND is given the file of an image archive and imports it into the cluster's nodes: "kind load image-archive", "minikube image load".
With --keep a namespace of an earlier run is deleted first, and that of this run stays.`

/** How much later than the chart the stores come, milliseconds. */
const LATE_MS = 120_000

const failures: string[] = []
endWithParent()
const { values: options } = parseArgs({
  options: { namespace: { type: 'string', default: 'promptforge-proof' }, keep: { type: 'boolean', default: false } },
})
const began = Date.now()
try {
  await prove(openCluster(options.namespace))
} catch (error) {
  // The step has named itself; what would follow depends on it.
  failures.push((error as Error).message)
  note((error as Error).message)
  note(`what there is stays in the namespace ${options.namespace}; \`-- --keep\` begins with deleting it`)
}
const minutes = ((Date.now() - began) / 60_000).toFixed(1)
process.stdout.write(
  failures.length > 0 ? `✗ ${failures.length} failed after ${minutes} minutes\n` : `✓ all in ${minutes} minutes\n`,
)
process.exitCode = failures.length > 0 ? 1 : 0

async function prove(cluster: Cluster) {
  await must('preconditions', () => checkPreconditions(cluster))
  const images = await must('images built and imported', () => importImages(note))
  await must('namespace: restricted pods, default-deny', () => makeNamespace(cluster))
  await must('helm install, with stores that come two minutes late', () => installWithLateStores(cluster, images))
  await must('pods ready', () => untilRolledOut(cluster))
  await attempt('helm test', () => cluster.helm('test', RELEASE, '--timeout', '10m'))
  await attempt('network: each connection of the architecture, and no other', async () =>
    note(await assertEdges(cluster)),
  )
  await attempt('network: a stranger is refused', () => assertStrangerIsRefused(cluster))
  const secrets = await secretHashes(cluster)
  const visitor = await must('somebody registers', () => registerVisitor(cluster))
  const untouched = async () => {
    await assertSameSecrets(cluster, secrets)
    await assertTokenIsGood(cluster, visitor)
  }

  await disturb(cluster, images, untouched)

  await attempt('MongoDB: backups, and a restore drill', async () => note(await drillVersions(cluster, images)))
  await attempt('helm rollback to the first revision', async () => {
    await signInAgain(cluster, visitor)
    await cluster.helm('rollback', RELEASE, '1', ...HELM_WAIT)
    await untilRolledOut(cluster)
  })
  await attempt('rollback: the Secrets are the same, and a token of before is good', untouched)
  await must('helm uninstall leaves nothing but Secrets', async () => {
    await signInAgain(cluster, visitor)
    await uninstall(cluster)
  })
  await must('helm template | kubectl apply', () => applyRendered(cluster, images))
  await attempt('template: the Secrets are the same, and a token of before is good', untouched)
  await must('what was applied is deleted', () => deleteRendered(cluster, images))
  await attempt('helm install without a Secret says in one sentence which', () => installWithoutSecret(cluster, images))
  await must('helm upgrade --install with the Secret', () => installWithSecret(cluster, images))
  await must('helm template | kubectl apply over a release that runs', async () => {
    await signInAgain(cluster, visitor)
    await applyRendered(cluster, images, LACKING)
  })
  await attempt('over a release: the Secrets are the same, and a token of before is good', untouched)
  if (!options.keep) await must('the namespace is deleted', () => deleteNamespace(cluster))
}

/** What happens while people call. */
async function disturb(cluster: Cluster, images: Images, untouched: () => Promise<void>) {
  const load = await must('load begins', () => startLoad(cluster))
  const under = (name: string, work: () => Promise<unknown>) => attempt(name, async () => note(await load.during(work)))

  await under('under load: rolling upgrade of all parts', () => upgrade(cluster, images, 'second'))
  await attempt('upgrade: the Secrets are the same, and a token of before is good', untouched)
  await under('under load: prompt scaled from 1 to 4', () => scale(cluster, 'prompt', 4))
  await under('under load: each of 4 pods has its share within a minute', async () =>
    note(await assertShares(cluster, 'prompt')),
  )
  await under('under load: prompt scaled from 4 to 2', () => scale(cluster, 'prompt', 2))
  await under('under load: upgrade after kubectl scale', async () => {
    await upgrade(cluster, images, 'third')
    await until('prompt to have two pods still', async () => (await readyPods(cluster, 'prompt')).length === 2)
  })
  await under('under load: evictions respect the budget', () => evictTwo(cluster, 'prompt'))
  await under('under load: a pod of prompt is deleted', () => deletePod(cluster, 'prompt'))
  await under('under load: NATS is killed', () => killPod(cluster, 'nats-0'))
  await attempt('helm test afterwards', () => cluster.helm('test', RELEASE, '--timeout', '10m'))
  await cluster.kubectl('delete', 'pod', 'load', '--ignore-not-found')
}

async function checkPreconditions(cluster: Cluster) {
  const { namespace, kubectl } = cluster
  if (!process.env['PF_K8S_IMPORT']) throw new Error(`set PF_K8S_IMPORT\n${USAGE}`)
  await command('kubectl', ['get', '--raw', '/readyz']).catch((error: Error) => {
    throw new Error(`no cluster answers: set KUBECONFIG\n${error.message}\n${USAGE}`)
  })
  const version = await command('helm', ['version', '--short'])
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(version) ?? []
  if (Number(major) < 3 || (major === '3' && Number(minor) < 18)) {
    throw new Error(`helm is ${version.trim()}: install 3.18 or newer`)
  }
  const classes = await kubectl('get', 'storageclass', '-o', 'name')
  if (!classes.trim()) throw new Error('the cluster has no StorageClass: the stores need volumes')
  const { code, out } = await outcome('kubectl', ['get', 'namespace', namespace, '-o', 'json'])
  if (code !== 0) return
  const { metadata } = JSON.parse(out) as { metadata: { labels: Record<string, string> } }
  // Nobody loses a namespace in which something else runs.
  const isOurs = Object.entries(PROOF).every(([name, value]) => metadata.labels[name] === value)
  if (!options.keep || !isOurs) {
    throw new Error(`namespace ${namespace} exists: delete it, or name another one with --namespace`)
  }
  await deleteNamespace(cluster)
}

async function installWithLateStores(cluster: Cluster, images: Images) {
  const installing = outcome('helm', ['-n', cluster.namespace, 'install', ...chartArguments(images), ...HELM_WAIT])
  await sleep(LATE_MS)
  note('now the stores')
  await applyStores(cluster, images)
  const { code, errors } = await installing
  if (code === 0) return
  note(`it ended with: ${errors.trim().split('\n').at(-1)}; now again`)
  await cluster.helm('upgrade', '--install', ...chartArguments(images), ...HELM_WAIT)
}

// Another annotation has all pods replaced.
async function upgrade(cluster: Cluster, images: Images, mark: string) {
  const another = ['--set', `defaults.podAnnotations.proof=${mark}`]
  await cluster.helm('upgrade', ...chartArguments(images), ...another, ...HELM_WAIT)
  await untilRolledOut(cluster)
}

async function deleteNamespace({ namespace }: Cluster) {
  await command('kubectl', ['delete', 'namespace', namespace, '--timeout=10m'])
}

/** A step without which the others make no sense. */
async function must<T>(name: string, work: () => Promise<T>): Promise<T> {
  let result: T
  await step(name, async () => {
    result = await work()
  })
  return result!
}

/** A step that may fail without harm to the others. */
async function attempt(name: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await step(name, async () => void (await work()))
  } catch (error) {
    const { message, cause } = error as Error
    failures.push(`${name}: ${message}`)
    note(`${message}${cause ? `\n${(cause as Error).message}` : ''}`)
  }
}

function note(line: string) {
  process.stderr.write(`  ${line.replaceAll('\n', '\n  ')}\n`)
}
