import { setTimeout as sleep } from 'node:timers/promises'
import { SERVICES } from '../../services/services.ts'
import { outcome } from '../processes/outcome.ts'
import type { Cluster } from './cluster.ts'
import { type Pod, readyPods } from './pods.ts'

/** Milliseconds that a condition may take on a loaded machine. */
const PATIENCE_MS = 300_000

/** Within how many milliseconds of being ready each new pod has its share of the calls. */
const SHARE_MS = 60_000

/** Waits until all Deployments of the release are what they should be. */
export async function untilRolledOut({ kubectl }: Cluster): Promise<void> {
  for (const part of [...SERVICES.map(({ name }) => name), 'gateway'])
    await kubectl('rollout', 'status', `deploy/${part}`, '--timeout=600s')
}

/** Sets the number of pods of a part, and waits until they are ready. */
export async function scale(cluster: Cluster, part: string, replicas: number): Promise<Pod[]> {
  await cluster.kubectl('scale', `deploy/${part}`, `--replicas=${replicas}`)
  await until(`${replicas} pods of ${part} to be ready and the others to be gone`, async () => {
    const { items } = await cluster.get<{ items: Pod[] }>('pods', '-l', `app.kubernetes.io/name=${part}`)
    return items.length === replicas && (await readyPods(cluster, part)).length === replicas
  })
  return await readyPods(cluster, part)
}

/**
 * Evicts a pod of a part with two, and another one at once. Throws unless the first is evicted and the second refused by the
 * PodDisruptionBudget until the first has been replaced.
 */
export async function evictTwo(cluster: Cluster, part: string): Promise<void> {
  const [first, second] = await readyPods(cluster, part)
  const allowed = await evict(cluster, first!.metadata.name)
  if (!allowed.isEvicted) throw new Error(`the first eviction was refused: ${allowed.said}`)
  const refused = await evict(cluster, second!.metadata.name)
  if (refused.isEvicted) throw new Error('the second pod was evicted although the first had not been replaced')
  if (!/disruption budget/i.test(refused.said)) throw new Error(`the second eviction failed, but: ${refused.said}`)
  await until(`two pods of ${part} to be ready`, async () => (await readyPods(cluster, part)).length === 2)
  await until('the evicted pod to be gone', () => isGone(cluster, first!.metadata.name))
}

async function evict({ namespace }: Cluster, name: string): Promise<{ isEvicted: boolean; said: string }> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`
  const { code, errors } = await outcome('kubectl', ['create', '--raw', path, '-f', '-'], {
    input: JSON.stringify(eviction),
  })
  return { isEvicted: code === 0, said: errors.trim() }
}

/** Deletes a pod of a part, and waits until it is gone and as many as before are ready. */
export async function deletePod(cluster: Cluster, part: string): Promise<void> {
  const before = await readyPods(cluster, part)
  const { name } = before[0]!.metadata
  await cluster.kubectl('delete', 'pod', name, '--wait=false')
  await until(`another pod of ${part} to be ready`, async () => {
    const now = await readyPods(cluster, part)
    return now.length === before.length && (await isGone(cluster, name))
  })
}

/** Kills a pod of a StatefulSet without any notice, and waits until it is ready again. */
export async function killPod(cluster: Cluster, name: string): Promise<void> {
  const uid = () => cluster.kubectl('get', 'pod', name, '-o', 'jsonpath={.metadata.uid}')
  const before = await uid()
  await cluster.kubectl('delete', 'pod', name, '--grace-period=0', '--force')
  await until(`${name} to be another pod`, async () => (await uid().catch(() => before)) !== before)
  await cluster.kubectl('wait', `pod/${name}`, '--for=condition=Ready', '--timeout=300s')
}

const isGone = async ({ kubectl }: Cluster, name: string) =>
  (await kubectl('get', 'pod', name, '--ignore-not-found', '-o', 'name')).trim() === ''

/**
 * Waits until each pod has its share of the calls of Envoy and of those of other services (grpc-js): a third of what an even spread would
 * give it, in five seconds. Throws when that takes longer than a minute.
 */
export async function assertShares(cluster: Cluster, part: string): Promise<string> {
  const pods = (await readyPods(cluster, part)).map(({ metadata }) => metadata.name)
  const begin = Date.now()
  for (;;) {
    const before = await Promise.all(pods.map((pod) => handled(cluster, part, pod)))
    await sleep(5000)
    const after = await Promise.all(pods.map((pod) => handled(cluster, part, pod)))
    const taken = after.map((counts, i) => ({
      envoy: counts.public - before[i]!.public,
      services: counts.internal - before[i]!.internal,
    }))
    const said = taken.map(({ envoy, services }) => `${envoy}+${services}`).join(', ')
    if (isFair(taken.map(({ envoy }) => envoy)) && isFair(taken.map(({ services }) => services))) {
      return `shares (Envoy+services) ${said} after ${Math.round((Date.now() - begin) / 1000)} s`
    }
    if (Date.now() - begin > SHARE_MS) throw new Error(`not every pod of ${part} has its share after a minute: ${said}`)
  }
}

const isFair = (taken: number[]) => {
  const even = taken.reduce((sum, count) => sum + count, 0) / taken.length
  return even > 0 && taken.every((count) => count > 0 && count >= even / 3)
}

// Methods of the proto services `…InternalService` are called by other services alone, the others by Envoy.
async function handled(cluster: Cluster, part: string, pod: string): Promise<{ public: number; internal: number }> {
  const reading = `fetch('http://127.0.0.1:' + process.env.PF_METRICS_PORT + '/metrics').then((a) => a.text()).then((t) => console.log(t))`
  const text = await cluster.kubectl('exec', pod, '-c', part, '--', 'node', '--eval', reading)
  const counts = { public: 0, internal: 0 }
  for (const [, labels, count] of text.matchAll(/^grpc_server_handled_total\{([^}]*)\} (\d+)/gm)) {
    counts[labels!.includes('InternalService') ? 'internal' : 'public'] += Number(count)
  }
  return counts
}

/** Waits for a condition; a failure of the look itself is not one. */
export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  let problem: unknown
  while (Date.now() < end) {
    try {
      if (await condition()) return
    } catch (error) {
      problem = error
    }
    await sleep(1000)
  }
  throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}`, { cause: problem })
}
