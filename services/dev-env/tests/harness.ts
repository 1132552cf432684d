import { randomUUID } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client, credentials } from '@grpc/grpc-js'
import type { RpcService } from '#chassis/grpc/call.ts'
import { type Channel, createStub, openChannel, type Stub } from '#chassis/grpc/client.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { patient } from '#chassis/testing/contract.ts'
import { until } from '#chassis/testing/until.ts'
import { loadContract } from '#contracts/contract.ts'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import type { Deps as UserDeps } from '../../user/context.ts'
import { dropDatabases, dropMongoDatabase, mongoDatabase } from '../databases.ts'
import { MESH } from '../infra/authority.ts'
import { placesOf } from '../infra/places.ts'
import { startTestBroker, type TestBroker } from '../infra/test-broker.ts'
import { type Network, type NetworkOptions, startNetwork } from '../network.ts'
import { processAll } from '../process-all.ts'
import { SERVICES } from '../../services.ts'

/** The whole of PromptForge for a test file: free ports, databases of its own, rate limits out of the way. */
export type TestNetwork = Network & {
  /** Its NATS, to be restarted, and to be looked into. */
  broker: TestBroker
  /** Waits until what has been written is known everywhere. */
  processAll(timeoutMs?: number): Promise<void>
  /** Sends an HTTP request to the gateway; a body that is neither text nor bytes is sent as JSON. */
  rest(request: string, options?: RestOptions): Promise<RestAnswer>
  /** Registers a user through the gateway. */
  signUp(username?: string): Promise<SignedIn>
  /** Registers a user, and makes them an administrator. */
  signUpAdmin(username?: string): Promise<SignedIn>
  /** Another connection to a service past the gateway, with the certificate of this member of the mesh. */
  channelTo(service: string, member: string): Channel
  /** gRPC calls to a service past the gateway, as a person's client with a certificate. */
  stub<S extends RpcService>(service: string, definition: S): Stub<S>
  /** Native gRPC calls at the gateway's port, in plaintext as people's clients make them there. */
  gatewayStub<S extends RpcService>(definition: S): Stub<S>
  /** The key that the user service signs access tokens with now. */
  signer(): ReturnType<UserDeps['keys']['signer']>
}

/** `token` is sent as the bearer. */
export type RestOptions = { token?: string | undefined; body?: unknown; headers?: Record<string, string> }

/** What came back; `body` is parsed when it is JSON. */
export type RestAnswer = { status: number; headers: Headers; body: any }

/** A registered user. */
export type SignedIn = {
  id: string
  username: string
  email: string
  password: string
  token: string
  refreshToken: string
}

/** What costs much and proves nothing here: hashes of passwords that resist attackers, and what gRPC tools ask for. */
const CHEAP = { PF_LOG_LEVEL: 'warn', PF_BCRYPT_COST: '4', PF_REFLECTION: 'false' }

/**
 * Starts it: call it in `beforeAll`, and `stop` in `afterAll`. The NATS is its own; PostgreSQL and MongoDB are those of the run
 * unless `options` name others, for tests that restart them.
 */
export async function startTestNetwork(options: Partial<NetworkOptions> = {}): Promise<TestNetwork> {
  const { adminUrl = process.env['PF_TEST_POSTGRES_URL']!, mongoUrl = process.env['PF_TEST_MONGO_URL']! } = options
  const states = join(placesOf().state, `test-network-${process.pid}`)
  mkdirSync(states, { recursive: true })
  const state = mkdtempSync(join(states, 'n'))
  const prefix = `t${randomUUID().slice(0, 8)}_`
  const gateway = { port: 0, adminPort: 0, rateLimitFactor: 1000, corsOrigins: ['http://localhost:5173'] }
  const env = { ...CHEAP, ...options.env }
  // Copies of the run's, because a test may replace its own; making them takes longer.
  cpSync(process.env['PF_TEST_CERTIFICATES']!, join(state, 'certificates'), { recursive: true, verbatimSymlinks: true })
  const broker = await startTestBroker(join(state, 'certificates'))
  const stores = { adminUrl, mongoUrl, natsUrl: broker.url }
  const network = await startNetwork({ state, ...stores, prefix, ports: 'free', gateway, ...options, env })
  const channels: Channel[] = []
  const channelTo = (service: string, member: string) => {
    const target = `localhost:${network.services[service]!.ports.grpc}`
    const mesh = openMesh({ certificates: join(network.certificates, member, 'current'), ...MESH })
    const channel = openChannel({ contract: patient(loadContract()), mesh, service, target })
    channels.push(channel)
    return channel
  }
  const rest = restClient(network.gateway.url)
  const register = (username = `u${randomUUID().slice(0, 12)}`) => signUp(rest, username)
  return {
    ...network,
    broker,
    processAll: (timeoutMs) => processAll(broker.manager, network.services, timeoutMs),
    rest,
    signUp: register,
    signUpAdmin: async (username) => {
      const user = await register(username)
      await onDatabase(network.services['user']!.databaseUrl, `update users set role = 'ADMIN' where id = $1`, user.id)
      return user
    },
    channelTo,
    stub: (service, definition) => createStub(channelTo(service, 'client'), definition),
    signer: () => (network.services['user']!.context as UserDeps).keys.signer(),
    gatewayStub: (definition) => {
      const client = new Client(`localhost:${network.gateway.port}`, credentials.createInsecure())
      const channel = { service: 'gateway', client, contract: patient(loadContract()), close: () => client.close() }
      channels.push(channel)
      return createStub(channel, definition)
    },
    stop: async () => {
      for (const channel of channels) channel.close()
      await network.stop()
      await broker.stop()
      await dropDatabases(
        adminUrl,
        SERVICES.map(({ name }) => `${prefix}promptforge_${name}`),
      )
      await dropMongoDatabase(mongoDatabase(mongoUrl, `${prefix}promptforge`))
      rmSync(states, { recursive: true, force: true })
    },
  }
}

const isRaw = (body: unknown): body is string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' || body instanceof Uint8Array

const restClient =
  (url: string): TestNetwork['rest'] =>
  async (request, { token, body, headers = {} } = {}) => {
    const [method, path] = request.split(' ') as [string, string]
    const answer = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isRaw(body) ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.startsWith('application/json')
    return { status: answer.status, headers: answer.headers, body: isJson && text !== '' ? JSON.parse(text) : text }
  }

async function signUp(rest: TestNetwork['rest'], username: string): Promise<SignedIn> {
  const [email, password] = [`${username}@example.com`, 'correct horse battery']
  // On a slow machine the first connections to the database may take longer than a caller waits.
  const { status, body } = await until('an answer to the sign-up', async () => {
    const answer = await rest('POST /v1/auth/register', { body: { username, email, password } })
    return answer.status !== 503 && answer
  })
  if (status !== 200) throw new Error(`sign-up answered ${status}: ${JSON.stringify(body)}`)
  const { accessToken: token, refreshToken } = body.tokens
  return { id: body.user.id, username, email, password, token, refreshToken }
}
