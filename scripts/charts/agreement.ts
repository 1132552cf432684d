import { parseAllDocuments } from 'yaml'
import { loadConfig, type Schema } from '../../services/chassis/config.ts'
import { applySchema } from '../../services/broker/config.ts'
import { consumedStreams } from '../../services/broker/permissions.ts'
import { queuesOf } from '../../services/contracts/events.ts'
import { checkSchema } from '../../services/deploy/check-config.ts'
import { databasesSchema, deploySchema } from '../../services/deploy/config.ts'
import { SECRET_KEYS } from '../../services/deploy/secrets.ts'
import { gatewaySchema } from '../../services/gateway/config.ts'
import { sidecarSchema } from '../../services/gateway/sidecar/config.ts'
import { SERVICES } from '../../services/services.ts'

/** A rendered object, as far as it is looked at. */
type Rendered = {
  kind: string
  metadata: { name: string; labels?: Record<string, string> }
  spec: {
    template?: { spec: PodSpec }
  } & PodSpec
}
type PodSpec = { containers: Container[]; initContainers?: Container[] }
type Container = {
  name: string
  workingDir: string
  args: string[]
  env?: Env[]
  ports?: { name: string; containerPort: number }[]
}
type Env = {
  name: string
  value?: string
  valueFrom?: { secretKeyRef: { name: string; key: string; optional?: true } }
}

/** What an entry of `services` in the chart's values says of events. */
export type ChartServices = Record<string, { consumes: string[]; queue?: string }>

/** Variables that are none of ours. */
const FOREIGN = ['NODE_OPTIONS']

/** What no schema would take as it is, in the place of a value of a Secret. */
const SECRET_VALUES: Record<string, string> = {
  PF_POSTGRES_URL: 'postgres://user:password@host:5432/database',
  PF_MONGO_URL: 'mongodb://user:password@host:27017',
  PF_PAYMENTS_KEY: 'sk_test_x',
  PF_PAYMENTS_WEBHOOK_SECRET: 'whsec_x',
}

/**
 * Compares what the chart renders with the code: the services and their ports, who calls whom, what every program reads from its environment.
 * `manifest` must have every optional Secret. Answers with what does not agree, a line each.
 */
export function disagreements(manifest: string, services: ChartServices): string[] {
  const objects = parseAllDocuments(manifest)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null)
  const deployments = objects.filter(({ kind }) => kind === 'Deployment')
  const names = SERVICES.map(({ name }) => name)
  return [
    ...same('the services of the chart', Object.keys(services), names),
    ...same('the Deployments', deployments.map(nameOf), [...names, 'gateway']),
    ...SERVICES.flatMap((service) => ofService(service, objects, services[service.name])),
    ...ofGateway(find(objects, 'Deployment', 'gateway')),
    ...ofJobs(objects),
    ...ofEdges(objects),
    ...ofSecretKeys(objects),
  ]
}

type Service = (typeof SERVICES)[number]

function ofService({ name, port, definition }: Service, objects: Rendered[], entry?: ChartServices[string]): string[] {
  const container = find(objects, 'Deployment', name)?.spec.template!.spec.containers[0]
  if (!container) return [`there is no Deployment ${name}`]
  const migration = find(objects, 'Job', `migrate-${name}`)?.spec.template!.spec.containers[0]
  const ports = Object.fromEntries((container.ports ?? []).map((one) => [one.name, one.containerPort]))
  const secrets = new Set((container.env ?? []).filter(({ valueFrom }) => valueFrom).map((one) => one.name))
  const settings = settingsOf(definition.config)
  return [
    ...same(`${name}: ports`, Object.entries(ports).map(String), [
      `grpc,${port}`,
      `health,${port + 1000}`,
      `metrics,${port + 2000}`,
    ]),
    ...ofProgram(`Deployment ${name}`, container, definition.config),
    ...(migration ? ofProgram(`migration of ${name}`, migration, definition.config) : [`${name} has no migration`]),
    ...settings
      .filter(({ env, sensitive }) => sensitive && !secrets.has(env))
      .map(({ env }) => `${name}: ${env} is secret, and the chart does not take it from a Secret`),
    ...same(`${name}: streams that it consumes`, entry?.consumes ?? [], consumedStreams(name)),
    ...same(`${name}: its queue`, entry?.queue ? [entry.queue] : [], queuesOf(name)),
  ]
}

function ofGateway(gateway: Rendered | undefined): string[] {
  const [render, sidecar] = gateway?.spec.template!.spec.initContainers ?? []
  if (!render || !sidecar) return ['the gateway has no init containers']
  return [
    ...ofProgram('renderer of the gateway', render, gatewaySchema(SERVICES)),
    ...ofProgram('sidecar of the gateway', sidecar, sidecarSchema),
    ...same(
      'services that the gateway knows',
      calledBy(render),
      SERVICES.map(({ name }) => name),
    ),
  ]
}

/** What jobs and tests run, by their arguments. */
const COMMANDS: Record<string, Schema<unknown>> = {
  secrets: deploySchema,
  certificates: deploySchema,
  require: deploySchema,
  databases: databasesSchema,
  apply: applySchema,
  check: checkSchema(SERVICES),
}

function ofJobs(objects: Rendered[]): string[] {
  const pods = objects.flatMap(({ kind, metadata, spec }) => {
    const pod = kind === 'Job' ? spec.template!.spec : kind === 'Pod' ? spec : undefined
    return pod ? [{ name: metadata.name, container: pod.containers[0]! }] : []
  })
  return pods.flatMap(({ name, container }) => {
    const command = container.args[1]!
    if (command === 'migrate') return []
    const schema = COMMANDS[command]
    return schema ? ofProgram(name, container, schema) : [`${name} runs an unknown command: ${command}`]
  })
}

/** The edges of the network are those that the programs dial. */
function ofEdges(objects: Rendered[]): string[] {
  const edges = objects
    .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === 'edge')
    .map(nameOf)
  const dialled = SERVICES.flatMap(({ name, definition }) =>
    settingsOf(definition.config)
      .map(({ env }) => calleeOf(env))
      .filter((callee) => callee !== undefined && callee !== name)
      .map((callee) => `${name}-to-${callee}`),
  )
  return same('edges of the network', edges, [...dialled, ...SERVICES.map(({ name }) => `gateway-to-${name}`)])
}

/** Keys that the chart takes from the Secret of the services are keys that the job makes. */
function ofSecretKeys(objects: Rendered[]): string[] {
  const references = objects
    .filter(({ kind }) => kind === 'Deployment')
    .flatMap(({ spec }) => spec.template!.spec.containers.flatMap(({ env = [] }) => env))
    .flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? [])
    .filter(({ name, optional }) => name === 'promptforge-secrets' && !optional)
  return same('keys of promptforge-secrets', [...new Set(references.map(({ key }) => key))], SECRET_KEYS)
}

/** A program must start with the environment that it gets, and know all of it. */
function ofProgram(what: string, container: Container, schema: Schema<unknown>): string[] {
  const env = container.env ?? []
  const known = settingsOf(schema).map((setting) => setting.env)
  const values = env.map(({ name, value }) => [name, value ?? SECRET_VALUES[name] ?? 's'.repeat(48)])
  const unknown = env.map(({ name }) => name).filter((name) => !known.includes(name) && !isHarmless(name))
  const twice = env.map(({ name }) => name).filter((name, index, all) => all.indexOf(name) !== index)
  const problems = [
    ...unknown.map((name) => `${what}: no program reads ${name}`),
    ...twice.map((name) => `${what}: ${name} is there twice`),
  ]
  try {
    loadConfig(schema, Object.fromEntries(values))
  } catch (error) {
    problems.push(`${what} would not start: ${(error as Error).message.replaceAll('\n', '; ')}`)
  }
  return problems
}

// Every member is told the names of the mesh, whether it needs them or not.
const isHarmless = (name: string) => [...FOREIGN, 'PF_CERTIFICATES', 'PF_TRUST_DOMAIN', 'PF_NAMESPACE'].includes(name)

const calledBy = ({ env = [] }: Container) => env.flatMap(({ name }) => calleeOf(name) ?? [])

const calleeOf = (env: string) => /^PF_(\w+)_SERVICE$/.exec(env)?.[1]?.toLowerCase()

type Setting = { env: string; sensitive?: boolean }

function settingsOf(schema: object): Setting[] {
  return Object.values(schema).flatMap((node: object) => ('env' in node ? [node as Setting] : settingsOf(node)))
}

const nameOf = ({ metadata }: Rendered) => metadata.name

/** A hash may follow the name of a Job. */
const find = (objects: Rendered[], kind: string, name: string) =>
  objects.find((object) => object.kind === kind && nameOf(object).replace(/-[\da-f]{8}$/, '') === name)

function same(what: string, chart: readonly string[], code: readonly string[]): string[] {
  const onlyChart = chart.filter((one) => !code.includes(one))
  const onlyCode = code.filter((one) => !chart.includes(one))
  return [
    ...onlyChart.map((one) => `${what}: ${one} is in the chart alone`),
    ...onlyCode.map((one) => `${what}: the chart lacks ${one}`),
  ]
}
