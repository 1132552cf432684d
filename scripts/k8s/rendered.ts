import { type Cluster, command } from './cluster.ts'
import { until, untilRolledOut } from './disturb.ts'
import { chartArguments, type Images } from './install.ts'

const CHART = 'app.kubernetes.io/part-of=promptforge'

const render = ({ helm }: Cluster, images: Images, more: string[]) =>
  helm('template', ...chartArguments(images), ...more)

type Job = { metadata: { ownerReferences?: unknown[] }; status: { succeeded?: number } }

/** Applies what the chart renders, as GitOps tools do, and waits until its jobs have succeeded and its pods are ready. `more` are further arguments of helm. */
export async function applyRendered(cluster: Cluster, images: Images, more: string[] = []): Promise<void> {
  await command('kubectl', ['-n', cluster.namespace, 'apply', '-f', '-'], await render(cluster, images, more))
  await until('the jobs of the chart to succeed', async () => {
    const { items } = await cluster.get<{ items: Job[] }>('jobs', '-l', CHART)
    // Those of a CronJob belong to it.
    return items.every(({ metadata, status }) => metadata.ownerReferences || status.succeeded)
  })
  await untilRolledOut(cluster)
}

/** Deletes what the chart renders, and waits until the pods are gone. Secrets that jobs have made stay. */
export async function deleteRendered(cluster: Cluster, images: Images): Promise<void> {
  const { namespace, kubectl } = cluster
  const rendered = await render(cluster, images, [])
  await command('kubectl', ['-n', namespace, 'delete', '--ignore-not-found', '--timeout=10m', '-f', '-'], rendered)
  await until('the pods of the chart to be gone', async () => {
    const pods = await kubectl('get', 'pods', '-l', CHART, '-o', 'name')
    return pods.trim() === ''
  })
}
