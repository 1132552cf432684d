import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from './cluster.ts'
import { mayCallAnybody, podOf, readyPods } from './pods.ts'

/** Who may call whom: the table of the architecture, with each service's own store, and NATS. */
const EDGES: Record<string, string[]> = {
  gateway: ['user', 'prompt', 'version', 'test', 'marketplace', 'analytics'],
  user: ['postgres', 'nats'],
  prompt: ['user', 'postgres', 'nats'],
  version: ['user', 'prompt', 'test', 'mongo', 'nats'],
  test: ['user', 'prompt', 'version', 'postgres', 'nats'],
  marketplace: ['user', 'prompt', 'test', 'postgres', 'nats'],
  analytics: ['user', 'postgres', 'nats'],
}

const PORTS: Record<string, number> = {
  user: 50_051,
  prompt: 50_052,
  version: 50_053,
  test: 50_054,
  marketplace: 50_055,
  analytics: 50_056,
  gateway: 8080,
  postgres: 5432,
  mongo: 27_017,
  nats: 4222,
}

/** In the gateway's pod our own image is the sidecar. */
const containerOf = (part: string) => (part === 'gateway' ? 'sidecar' : part)

/** Tries every connection from every pod, and throws when one is let in that is not in the architecture, or one is not that is. */
export async function assertEdges(cluster: Cluster): Promise<string> {
  const targets = await addresses(cluster)
  const code = readFileSync(join(import.meta.dirname, 'pods/connect.mjs'), 'utf8')
  const wrong: string[] = []
  let tried = 0
  for (const [part, wanted] of Object.entries(EDGES)) {
    const pod = (await readyPods(cluster, part))[0]!.metadata.name
    const { [part]: _itself, ...others } = targets
    const node = ['node', '--input-type=module', '--eval', code.replaceAll('process.argv[2]', 'process.argv[1]')]
    const said = await cluster.kubectl('exec', pod, '-c', containerOf(part), '--', ...node, JSON.stringify(others))
    const reached = JSON.parse(said) as string[]
    tried += Object.keys(others).length
    wrong.push(...reached.filter((name) => !wanted.includes(name)).map((name) => `${part} reaches ${name}`))
    wrong.push(...wanted.filter((name) => !reached.includes(name)).map((name) => `${part} does not reach ${name}`))
  }
  if (wrong.length > 0) throw new Error(wrong.join('; '))
  return `${tried} connections tried`
}

/** Throws when a pod that no edge leads from reaches anything but the gateway, although its own policy lets it call anybody. */
export async function assertStrangerIsRefused(cluster: Cluster): Promise<void> {
  const targets = await addresses(cluster)
  await cluster.apply(mayCallAnybody('connect'), ...podOf('connect.mjs', { TARGETS: JSON.stringify(targets) }))
  await cluster.kubectl('wait', 'pod/connect', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=180s')
  const reached = JSON.parse(await cluster.kubectl('logs', 'connect')) as string[]
  if (reached.join() !== 'gateway') throw new Error(`a stranger reaches: ${reached.join(', ') || 'nothing'}`)
}

/** The address of a pod of each part, for the policies hold for pods. */
async function addresses(cluster: Cluster): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [part, port] of Object.entries(PORTS)) {
    const [pod] = await readyPods(cluster, part)
    if (!pod) throw new Error(`no pod of ${part} is ready`)
    found[part] = `${pod.status.podIP}:${port}`
  }
  return found
}
