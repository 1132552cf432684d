import { randomBytes } from 'node:crypto'
import { makeClientConstructor } from '@grpc/grpc-js'
import { service as healthService } from 'grpc-health-check'
import { type Mesh, type MeshConfig, openMesh } from '#chassis/grpc/tls.ts'
import { askJson } from '#chassis/send-json.ts'
import { patiently } from './patiently.ts'

/** What is checked, and how it is reached. */
export type CheckOptions = {
  /** `http://host:port` */
  gatewayUrl: string
  /** The certificates of a member of the mesh. */
  mesh: MeshConfig
  /** gRPC targets of all services, by name. */
  services: Record<string, string>
}

/** Does it again until it succeeds or the time of the check is over. */
type Patiently = <T>(work: () => Promise<T>) => Promise<T>

/** A check. Answers with a line for each thing that it found in order, and throws what it did not. */
type Check = (options: CheckOptions, patiently: Patiently) => Promise<string[]>

// A network policy takes a moment to know a new pod, and a release one to be ready.
const PATIENCE_MS = 60_000
const CALL_MS = 5000

/** What can be checked of a release that runs. Each may be done at any time, by anybody who can reach it. */
export const CHECKS: Record<string, Check> = { rest: checkRest, health: checkHealth, event: checkEvent }

/**
 * Does one of the checks, each of whose steps may take `patienceMs` until it succeeds. Throws when there is no check of that name.
 */
export async function check(
  name: string | undefined,
  options: CheckOptions,
  patienceMs = PATIENCE_MS,
): Promise<string[]> {
  const one = CHECKS[name ?? '']
  if (!one) throw new Error(`unknown check ${name}: use one of ${Object.keys(CHECKS).join(', ')}`)
  return one(options, (work) => patiently(work, patienceMs))
}

/** Reads a list of prompts through the gateway. */
async function checkRest({ gatewayUrl }: CheckOptions, again: Patiently): Promise<string[]> {
  const { prompts } = await again(() => askJson(gatewayUrl, 'GET /v1/prompts?page_size=1', { timeoutMs: CALL_MS }))
  return [`the gateway at ${gatewayUrl} answers a REST call: ${prompts.length === 0 ? 'no prompts yet' : 'prompts'}`]
}

/** Asks every service for its health over mutual TLS: it must be ready, and have its own SPIFFE id. */
async function checkHealth({ mesh: names, services }: CheckOptions, again: Patiently): Promise<string[]> {
  const mesh = openMesh(names)
  const asked = Object.entries(services).map(async ([name, target]) => {
    const answer = await again(async () => {
      const status = await readHealth(mesh, name, target)
      if (status !== 'SERVING') throw new Error(`${name} at ${target} answers ${status}`)
      return status
    })
    return `${name} at ${target} answers ${answer} over mutual TLS`
  })
  return Promise.all(asked)
}

/**
 * Registers an account and waits until analytics has counted that: the event went through the outbox, JetStream and a consumer.
 * The account is closed again; it stays, with a name that begins with `check-`.
 */
async function checkEvent({ gatewayUrl }: CheckOptions, again: Patiently): Promise<string[]> {
  const username = `check-${randomBytes(8).toString('hex')}`
  const password = randomBytes(24).toString('base64url')
  const begun = Date.now()
  const { user, tokens } = await again(() =>
    askJson(gatewayUrl, 'POST /v1/auth/register', {
      body: { username, email: `${username}@check.invalid`, password },
      timeoutMs: CALL_MS,
    }),
  )
  const token: string = tokens.accessToken
  try {
    await again(async () => {
      const path = `/v1/analytics/users/${user.id}/events`
      const { events } = await askJson(gatewayUrl, `GET ${path}`, { token, timeoutMs: CALL_MS })
      if (events.length === 0) throw new Error('analytics has not counted the event of a registration')
    })
  } finally {
    await askJson(gatewayUrl, `POST /v1/users/${user.id}:deactivate`, { token, body: {}, timeoutMs: CALL_MS })
  }
  return [`an event was published and counted ${Date.now() - begun} ms after the call`]
}

const Health = makeClientConstructor(healthService as never, 'grpc.health.v1.Health')

function readHealth(mesh: Mesh, service: string, target: string): Promise<string> {
  const client = new Health(target, mesh.channelCredentials(service), { 'grpc.ssl_target_name_override': service })
  const deadline = Date.now() + CALL_MS
  return new Promise<string>((resolve, reject) =>
    client['check']!({ service }, { deadline }, (error: Error | null, answer: { status: string }) => {
      client.close()
      if (error) reject(new Error(`${service} at ${target}: ${error.message}`))
      else resolve(answer.status)
    }),
  )
}
