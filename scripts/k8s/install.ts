import { mkdirSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Archive, ownImage, standIn } from './images/build.ts'
import { type Cluster, command } from './cluster.ts'
import { OUR_IMAGE, PROOF } from './pods.ts'

/** Where this clone is. */
export const ROOT = join(import.meta.dirname, '../..')
const CHART = join(ROOT, 'charts/promptforge')

/** The images of the proof: what manifests call them. */
export type Images = Record<'own' | 'postgres' | 'mongo' | 'nats' | 'envoy', string>

/** The release's name. */
export const RELEASE = 'promptforge'

/**
 * Builds all images and has `PF_K8S_IMPORT` put them into the cluster: a command that is given the file of an archive. With
 * `PF_K8S_IMAGES=official` the cluster itself pulls the official images of stores and Envoy.
 */
export async function importImages(say: (line: string) => void): Promise<Images> {
  const own = await ownImage(OUR_IMAGE)
  const official: Images = {
    own: OUR_IMAGE,
    postgres: 'postgres:18',
    mongo: 'mongo:8',
    nats: 'nats:2.15',
    envoy: 'envoyproxy/envoy:v1.40.0',
  }
  if (process.env['PF_K8S_IMAGES'] === 'official') {
    await importOne(own)
    return official
  }
  const made: Archive[] = [own]
  for (const name of ['postgres', 'mongo', 'nats', 'envoy'] as const) {
    const archive = await standIn(name)
    official[name] = archive.name
    made.push(archive)
  }
  say('built; now the import')
  for (const archive of made) await importOne(archive)
  return official
}

async function importOne({ file }: Archive) {
  // The shell's word splitting lets the command have arguments of its own.
  await command('sh', ['-c', `${process.env['PF_K8S_IMPORT']} "$1"`, 'import', file])
}

/** Makes the namespace, in which pods must be restricted and nobody may call anybody, and the passwords of the stores. */
export async function makeNamespace({ namespace, apply }: Cluster): Promise<void> {
  const restricted = Object.fromEntries(
    ['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
  )
  const [postgres, mongo] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')]
  await apply({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { ...restricted, ...PROOF } },
  })
  await apply(
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'proof-default-deny' },
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'stores-admin' },
      stringData: {
        'postgres-password': postgres,
        postgres: `postgres://postgres:${postgres}@postgres:5432/postgres`,
        'mongo-password': mongo,
        mongo: `mongodb://promptforge:${mongo}@mongo:27017/?directConnection=true&authSource=admin`,
      },
    },
  )
}

/** Applies `k8s/laptop` with these images. */
export async function applyStores({ kubectl }: Cluster, images: Images): Promise<void> {
  const folder = join(ROOT, '.promptforge/k8s/stores')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const names = { postgres: images.postgres, mongo: images.mongo, nats: images.nats, promptforge: images.own }
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: ['../../../k8s/laptop'],
    images: Object.entries(names).map(([name, image]) => ({ name, ...splitTag(image) })),
  }
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization, undefined, 2))
  await kubectl('apply', '-k', folder)
}

/** What may take long does not take for ever. */
export const HELM_WAIT = ['--wait', '--timeout', '20m']

/** The arguments of helm that name the chart and its values in this proof. */
export const chartArguments = (images: Images): string[] => {
  const [own, envoy] = [splitTag(images.own), splitTag(images.envoy)]
  const set = [
    `image.repository=${own.newName},image.tag=${own.newTag}`,
    `gateway.image.repository=${envoy.newName},gateway.image.tag=${envoy.newTag}`,
  ]
  return [RELEASE, CHART, '-f', join(CHART, 'values-small.yaml'), '--set', set.join(',')]
}

function splitTag(image: string): { newName: string; newTag: string } {
  const colon = image.lastIndexOf(':')
  return { newName: image.slice(0, colon), newTag: image.slice(colon + 1) }
}
