import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from './cluster.ts'

/** The image of everything that is ours. */
export const OUR_IMAGE = 'promptforge:proof'

/** The label of everything that belongs to the proof and not to PromptForge. */
export const PROOF = { 'app.kubernetes.io/part-of': 'promptforge-proof' }

/**
 * The objects of a pod that runs a program of the folder `pods` with our image, under the restricted Pod Security standard. `program` is
 * the name of its file, and the pod's.
 */
export function podOf(program: string, env: Record<string, string>): object[] {
  const name = program.replace(/\..*$/, '')
  const labels = { 'app.kubernetes.io/name': name, ...PROOF }
  const code = readFileSync(join(import.meta.dirname, 'pods', program), 'utf8')
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data: { [program]: code } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels },
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 20,
        securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name,
            image: OUR_IMAGE,
            args: [`/program/${program}`],
            env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
            resources: { requests: { cpu: '20m', memory: '96Mi' }, limits: { memory: '384Mi' } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            volumeMounts: [{ name: 'program', mountPath: '/program' }],
          },
        ],
        volumes: [{ name: 'program', configMap: { name } }],
      },
    },
  ]
}

/** A policy that lets a pod of `podOf` call whom it likes, names included; whether it gets in, the other side says. */
export const mayCallAnybody = (name: string): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: `proof-${name}`, labels: PROOF },
  spec: { podSelector: { matchLabels: { 'app.kubernetes.io/name': name } }, policyTypes: ['Egress'], egress: [{}] },
})

/** A pod, as far as it concerns us. */
export type Pod = {
  metadata: { name: string; deletionTimestamp?: string }
  status: { podIP?: string; conditions?: { type: string; status: string }[] }
}

/** The pods of a part that are ready and not about to end. */
export async function readyPods({ get }: Cluster, part: string): Promise<Pod[]> {
  const { items } = await get<{ items: Pod[] }>('pods', '-l', `app.kubernetes.io/name=${part}`)
  return items.filter(
    ({ metadata, status }) =>
      !metadata.deletionTimestamp &&
      status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  )
}
