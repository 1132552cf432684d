import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Client, credentials } from '@grpc/grpc-js'
import type { RpcService } from '#chassis/grpc/call.ts'
import { type Channel, createStub, type Stub } from '#chassis/grpc/client.ts'
import { patient, TEST_DESCRIPTOR_SET, testContract } from '#chassis/testing/contract.ts'
import { TEST_AUTH } from '#chassis/testing/identity.ts'
import { testMesh } from '#chassis/testing/service.ts'
import { type Contract, DESCRIPTOR_SET, loadContract, RATE_CLASSES } from '#contracts/contract.ts'
import { HttpBody } from '#contracts/gen/google/api/httpbody.ts'
import { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { type Envoy, startEnvoy } from '../../dev-env/infra/envoy.ts'
import { SERVICES } from '../../services.ts'
import type { Backend } from '../exposed.ts'
import { writeGateway } from '../gateway.ts'
import type { GatewayOptions, Limit } from '../options.ts'
import { type Echo, startEcho } from './echo.ts'
import { type Key, makeKey } from './keys.ts'

/** An answer to a REST request. */
export type Answer = { status: number; headers: Headers; text: string; json: any }

/** The gateway on a real Envoy, between a test and services that answer as they are told. */
export type TestGateway = {
  envoy: Envoy
  /** Every service, and these two by their names. */
  echoes: Echo[]
  user: Echo
  prompt: Echo
  /** Where its configuration and its logs lie. */
  folder: string
  /** `http://127.0.0.1:port`. */
  url: string
  /** The same for the readable part of the admin interface. */
  adminUrl: string
  /** The key that tokens are verified with; GetJwks answers with `keys`, so add to it. */
  key: Key
  keys: Key[]
  /** An access token of user `sub`. */
  token(sub?: string): Promise<string>
  rest(request: string, init?: RequestInit & { token?: string | undefined }): Promise<Answer>
  /** Calls by native gRPC. */
  stub<S extends RpcService>(definition: S): Stub<S>
  client: Client
  /** What the gateway wrote to its access log. */
  accessLog(): Record<string, unknown>[]
  stop(): Promise<void>
}

const GENERATED = join(import.meta.dirname, '../../contracts/gen/promptforge')

/** Starts an echo of a service of the one list, with all its RPCs; see `startEcho`. */
export async function echoOf(service: string, options?: Parameters<typeof startEcho>[2]): Promise<Echo> {
  const { nouns } = SERVICES.find(({ name }) => name === service)!
  const files = nouns.flatMap((noun) =>
    readdirSync(join(GENERATED, noun, 'v1'))
      .filter((file) => file.endsWith('_service.ts'))
      .map((file) => join(GENERATED, noun, 'v1', file)),
  )
  const generated = await Promise.all(files.map((file) => import(file)))
  const definitions = generated.flatMap((module: object) =>
    Object.entries(module).flatMap(([name, value]) => (name.endsWith('ServiceService') ? [value as RpcService] : [])),
  )
  return startEcho(service, definitions, options)
}

/** The same limit for every rate class. */
export const classLimits = (limit: Limit) =>
  Object.fromEntries(RATE_CLASSES.map((name) => [name, limit])) as GatewayOptions['limits']['classes']

/** No limit that an ordinary test would meet. */
const ROOMY = { perSecond: 10_000, burst: 10_000 }

/**
 * Starts the gateway for a test file, with everything that it needs; `services` are addresses in the place of its own echoes,
 * `backends` who stands behind it, and `contract` goes with a `descriptorSet`.
 */
export async function startGateway({
  services,
  backends = SERVICES,
  contract = loadContract(),
  ...options
}: Partial<GatewayOptions> & { backends?: Backend[]; contract?: Contract } = {}): Promise<TestGateway> {
  const key = await makeKey()
  const keys = [key]
  const started = SERVICES.map(async ({ name }) => [name, await echoOf(name)] as const)
  const named = Object.fromEntries(await Promise.all(started))
  const [echoes, user, prompt] = [Object.values(named), named['user']!, named['prompt']!]
  user.answers.set(AuthServiceService.getJwks.path, () => jwks(keys))
  const folder = mkdtempSync(join(dirname(process.env['PF_TEST_CERTIFICATES']!), 'gateway-'))
  const configPath = writeGateway(contract, backends, {
    folder,
    edge: { host: '127.0.0.1', port: 0 },
    admin: { port: 0 },
    mesh: testMesh('gateway'),
    services: {
      ...Object.fromEntries(Object.entries(named).map(([name, { port }]) => [name, [`127.0.0.1:${port}`]])),
      ...services,
    },
    auth: TEST_AUTH,
    keysSeconds: 60,
    limits: { address: ROOMY, user: ROOMY, classes: classLimits(ROOMY) },
    corsOrigins: ['https://app.example'],
    trustedHops: 0,
    memoryBytes: 256 * 1024 * 1024,
    descriptorSet: DESCRIPTOR_SET,
    ...options,
  })
  const envoy = await startEnvoy({ configPath, dir: folder })
  const { edge, admin } = await envoy.ports()
  const client = new Client(`127.0.0.1:${edge}`, credentials.createInsecure())
  const channel: Channel = { service: 'gateway', client, contract: patient(contract), close: () => client.close() }
  return {
    envoy,
    folder,
    echoes,
    user,
    prompt,
    url: `http://127.0.0.1:${edge}`,
    adminUrl: `http://127.0.0.1:${admin}`,
    key,
    keys,
    token: (sub = 'ada') => key.sign(sub),
    rest: restOf(`http://127.0.0.1:${edge}`),
    stub: (definition) => createStub(channel, definition),
    client,
    accessLog: () => readLines(join(folder, 'access.log')),
    stop: async () => {
      client.close()
      await envoy.stop()
      for (const echo of echoes) echo.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Starts a second Envoy before the same services, whose configuration differs by `change`, a reviver of JSON. */
export function startVariant(
  { folder }: TestGateway,
  name: string,
  change: (key: string, value: unknown) => unknown,
): Promise<Envoy> {
  // Its own sockets: two cannot listen on one.
  const text = readFileSync(join(folder, 'envoy.json'), 'utf8').replaceAll(/(keys|admin)\.sock/g, `${name}-$1.sock`)
  const configPath = join(folder, `${name}.json`)
  writeFileSync(configPath, JSON.stringify(JSON.parse(text, change)))
  return startEnvoy({ configPath, dir: join(folder, name) })
}

/** Starts the gateway with the RPCs of `chassis/testing/proto` as well, served at these gRPC targets with the certificate of prompt. */
export const startFeedGateway = (
  targets: string[],
  options: Parameters<typeof startGateway>[0] = {},
): Promise<TestGateway> =>
  startGateway({
    contract: testContract(),
    descriptorSet: TEST_DESCRIPTOR_SET,
    backends: SERVICES.map((one) =>
      one.name === 'prompt' ? { ...one, nouns: [...one.nouns, 'testing', 'form'] } : one,
    ),
    services: { prompt: targets.map((target) => target.replace('localhost', '127.0.0.1')) },
    ...options,
  })

/** What GetJwks answers with. */
export const jwks = (keys: Key[]): HttpBody =>
  HttpBody.fromPartial({
    contentType: 'application/jwk-set+json',
    data: Buffer.from(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })),
  })

/** Asks the gateway at `url`: `GET /v1/prompts`, with headers and body as in fetch. */
export const restOf =
  (url: string): TestGateway['rest'] =>
  (request, init) =>
    rest(url, request, init)

async function rest(
  url: string,
  request: string,
  init: RequestInit & { token?: string | undefined } = {},
): Promise<Answer> {
  const [method, path] = request.split(' ') as [string, string]
  const { token, ...rest } = init
  const headers = new Headers(init.headers)
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
  if (init.body && !headers.has('content-type')) headers.set('content-type', 'application/json')
  const answer = await fetch(url + path, { ...rest, method, headers })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, json: parse(text) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const readLines = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
