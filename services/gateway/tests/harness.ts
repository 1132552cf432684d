import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Client, credentials } from '@grpc/grpc-js'
import type { RpcService } from '#chassis/grpc/call.ts'
import { type Channel, createStub, type Stub } from '#chassis/grpc/client.ts'
import { TEST_AUTH } from '#chassis/testing/identity.ts'
import { testMesh } from '#chassis/testing/service.ts'
import { type Contract, DESCRIPTOR_SET, loadContract } from '#contracts/contract.ts'
import { HttpBody } from '#contracts/gen/google/api/httpbody.ts'
import { AnalyticsServiceService } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import {
  PromptServiceService,
  PromptInternalServiceService,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { UserInternalServiceService, UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { type Envoy, startEnvoy } from '../../dev-env/infra/envoy.ts'
import { writeGateway } from '../gateway.ts'
import type { GatewayOptions } from '../options.ts'
import { type Echo, startEcho } from './echo.ts'
import { type Key, makeKey } from './keys.ts'

/** An answer to a REST request. */
export type Answer = { status: number; headers: Headers; text: string; json: any }

/** The gateway on a real Envoy, between a test and services that answer as they are told. */
export type TestGateway = {
  envoy: Envoy
  user: Echo
  prompt: Echo
  version: Echo
  analytics: Echo
  /** Where its configuration and its logs lie. */
  folder: string
  /** `http://127.0.0.1:port`. */
  url: string
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

export const USER_SERVICES = [AuthServiceService, UserServiceService, UserInternalServiceService]
export const PROMPT_SERVICES = [PromptServiceService, PromptInternalServiceService]

/** No limit that an ordinary test would meet. */
const ROOMY = { perSecond: 10_000, burst: 10_000 }

/**
 * Starts the gateway for a test file, with everything that it needs; `services` are addresses in the place of its own echoes,
 * and `contract` goes with a `descriptorSet`.
 */
export async function startGateway({
  services,
  contract = loadContract(),
  ...options
}: Partial<GatewayOptions> & { contract?: Contract } = {}): Promise<TestGateway> {
  const key = await makeKey()
  const keys = [key]
  const [user, prompt, version, analytics] = await Promise.all([
    startEcho('user', USER_SERVICES),
    startEcho('prompt', PROMPT_SERVICES),
    startEcho('version', [VersionServiceService]),
    startEcho('analytics', [AnalyticsServiceService]),
  ])
  user.answers.set(AuthServiceService.getJwks.path, () => jwks(keys))
  const folder = mkdtempSync(join(dirname(process.env['PF_TEST_CERTIFICATES']!), 'gateway-'))
  const configPath = writeGateway(contract, {
    folder,
    edge: { host: '127.0.0.1', port: 0 },
    admin: { port: 0 },
    mesh: testMesh('gateway'),
    services: {
      user: [addressOf(user)],
      prompt: [addressOf(prompt)],
      version: [addressOf(version)],
      analytics: [addressOf(analytics)],
      ...services,
    },
    auth: TEST_AUTH,
    keysSeconds: 60,
    limits: { address: ROOMY, user: ROOMY, auth: ROOMY },
    corsOrigins: ['https://app.example'],
    trustedHops: 0,
    memoryBytes: 256 * 1024 * 1024,
    descriptorSet: DESCRIPTOR_SET,
    ...options,
  })
  const envoy = await startEnvoy({ configPath, dir: folder })
  const { edge } = await envoy.ports()
  const client = new Client(`127.0.0.1:${edge}`, credentials.createInsecure())
  const channel: Channel = { client, contract, close: () => client.close() }
  return {
    envoy,
    folder,
    user,
    prompt,
    version,
    analytics,
    url: `http://127.0.0.1:${edge}`,
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
      for (const echo of [user, prompt, version, analytics]) echo.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

const addressOf = ({ port }: Echo) => `127.0.0.1:${port}`

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
