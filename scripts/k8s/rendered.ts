import { type Cluster, command } from './cluster.ts'
import { until, untilRolledOut } from './disturb.ts'
import { chartArguments, type Images } from './install.ts'

const render = ({ helm }: Cluster, images: Images, more: string[]) =>
  helm('template', ...chartArguments(images), ...more)

/** Applies what the chart renders, as GitOps tools do. `more` are further arguments of helm. */
export async function applyRendered(cluster: Cluster, images: Images, more: string[] = []): Promise<void> {
  await command('kubectl', ['-n', cluster.namespace, 'apply', '-f', '-'], await render(cluster, images, more))
  await untilRolledOut(cluster)
}

/** Deletes what the chart renders, and waits until the pods are gone. Secrets that jobs have made stay. */
export async function deleteRendered(cluster: Cluster, images: Images): Promise<void> {
  const { namespace, kubectl } = cluster
  const rendered = await render(cluster, images, [])
  await command('kubectl', ['-n', namespace, 'delete', '--ignore-not-found', '--timeout=10m', '-f', '-'], rendered)
  await until('the pods of the chart to be gone', async () => {
    const pods = await kubectl('get', 'pods', '-l', 'app.kubernetes.io/part-of=promptforge', '-o', 'name')
    return pods.trim() === ''
  })
}
