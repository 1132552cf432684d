import type { Cluster } from './cluster.ts'
import { until } from './disturb.ts'
import { RELEASE } from './install.ts'

/** What the chart may make. */
const KINDS =
  'deployments,replicasets,pods,jobs,cronjobs,services,configmaps,secrets,serviceaccounts,roles,rolebindings,poddisruptionbudgets,networkpolicies,horizontalpodautoscalers'

/** Uninstalls the release. Throws when it leaves anything but the Secrets that its README names. */
export async function uninstall(cluster: Cluster) {
  await cluster.helm('uninstall', RELEASE, '--wait', '--timeout', '10m')
  await until('everything of the release to be gone', async () => (await leftovers(cluster)).length === 0).catch(
    async () => {
      throw new Error(`helm uninstall leaves ${(await leftovers(cluster)).join(', ')}`)
    },
  )
}

/** What is in the namespace and neither of the stores, nor of this test, nor Kubernetes' own, nor a documented Secret. */
async function leftovers({ get }: Cluster): Promise<string[]> {
  type Found = { kind: string; metadata: { name: string; labels?: Record<string, string> } }
  const { items } = await get<{ items: Found[] }>(KINDS)
  const own = /^(default|kube-root-ca\.crt|stores-admin|postgres|mongo|nats|nats-reload-.*|connect|load|proof-.*)$/
  return items
    .filter(({ metadata: { name, labels = {} }, kind }) => {
      const partOf = labels['app.kubernetes.io/part-of']
      if (partOf === 'promptforge-stores' || partOf === 'promptforge-proof') return false
      const isKept = kind === 'Secret' && /^promptforge-(secrets|authority)$|-(store|certificate)$/.test(name)
      return !isKept && !own.test(name)
    })
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
}
