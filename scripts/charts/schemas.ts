import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parseAllDocuments } from 'yaml'

/** Kinds of other API groups than Kubernetes's own, which have no schema here. A misspelt kind is not among them. */
const FOREIGN = [
  'ServiceMonitor',
  'PrometheusRule',
  'ScaledObject',
  'Stream',
  'Consumer',
  'Cluster',
  'ObjectStore',
  'ScheduledBackup',
  'PerconaPGCluster',
  'PerconaServerMongoDB',
  'Kustomization',
]

type Manifested = { apiVersion: string; kind: string; metadata: { name: string } }

/**
 * Validates every object of these manifests against the schemas of one version of Kubernetes, `1.34`, in the folder of schemas. Fields that a
 * version does not know are errors. Answers with a line for each thing that does not fit.
 */
export function misfits(folder: string, version: string, manifests: readonly string[]): string[] {
  const place = join(folder, `v${version}.0-local-strict`)
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true, allowUnionTypes: true })
  ajv.addSchema(read(join(place, '_definitions.json')), '/api/_definitions.json')
  const validators = new Map<string, ValidateFunction | undefined>()
  const validatorOf = ({ apiVersion, kind }: Manifested) => {
    // `rbac.authorization.k8s.io/v1` is written `rbac-v1`.
    const group = apiVersion.replace(/^([^./]*)(?:\.[^/]*)?\//, '$1-')
    const file = join(place, `${kind.toLowerCase()}-${group}.json`)
    if (!validators.has(file)) validators.set(file, existsSync(file) ? ajv.compile(read(file)) : undefined)
    return validators.get(file)
  }
  const objects = new Map<string, Manifested>()
  for (const document of manifests.flatMap((manifest) => parseAllDocuments(manifest, { version: '1.1' }))) {
    const object = document.toJS() as Manifested | null
    if (object && !FOREIGN.includes(object.kind)) objects.set(JSON.stringify(object), object)
  }
  return [...objects.values()].flatMap((object) => {
    const what = `${object.kind} ${object.metadata.name}, Kubernetes ${version}`
    const validate = validatorOf(object)
    if (!validate) return [`${what}: there is no ${object.kind} of ${object.apiVersion}`]
    if (validate(object)) return []
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${what}: ${instancePath} ${message} ${JSON.stringify(params)}`,
    )
  })
}

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as object
