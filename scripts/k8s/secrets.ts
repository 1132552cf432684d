import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { askJson, type JsonRequest } from '#chassis/send-json.ts'
import type { Cluster } from './cluster.ts'

type Secret = { metadata: { name: string }; type: string; data?: Record<string, string> }

/** A hash of each Secret of the namespace, by name, without those in which Helm keeps its releases. */
export async function secretHashes({ get }: Cluster): Promise<Record<string, string>> {
  const { items } = await get<{ items: Secret[] }>('secrets')
  const hashed = items
    .filter(({ type }) => type !== 'helm.sh/release.v1')
    .map(({ metadata, data }) => [metadata.name, createHash('sha256').update(canonical(data)).digest('hex')])
  return Object.fromEntries(hashed) as Record<string, string>
}

const canonical = (data: Secret['data'] = {}) =>
  JSON.stringify(
    Object.keys(data)
      .sort()
      .map((key) => [key, data[key]]),
  )

/** Throws when a Secret is another one than before, or is gone. */
export async function assertSameSecrets(cluster: Cluster, before: Record<string, string>): Promise<void> {
  const now = await secretHashes(cluster)
  const other = Object.keys(before).filter((name) => now[name] !== before[name])
  if (other.length > 0) throw new Error(`these Secrets are other ones than before: ${other.join(', ')}`)
}

/** Somebody who signed in, with the newest access token. */
export type Visitor = { login: string; password: string; token: string }

/** Registers somebody at the gateway. */
export async function registerVisitor(cluster: Cluster): Promise<Visitor> {
  const login = `visitor${Date.now()}`
  const password = 'correct horse battery'
  const account = { username: login, email: `${login}@example.com`, password }
  const { tokens } = await atGateway(cluster, 'POST /v1/auth/register', { body: account })
  return { login, password, token: tokens.accessToken }
}

/** Gives the visitor a new token: one lasts 15 minutes, and what is done between two looks at it may take as long. */
export async function signInAgain(cluster: Cluster, visitor: Visitor): Promise<void> {
  const { login, password } = visitor
  const { tokens } = await atGateway(cluster, 'POST /v1/auth/login', { body: { login, password } })
  visitor.token = tokens.accessToken
}

/** Throws when the token of somebody who signed in before is not accepted any more, by the gateway and the user service. */
export async function assertTokenIsGood(cluster: Cluster, { token }: Visitor): Promise<void> {
  await atGateway(cluster, 'GET /v1/users/me', { token })
}

/** Sends one request to the gateway, by a port of this machine that kubectl forwards. */
async function atGateway({ namespace }: Cluster, call: string, request: JsonRequest): Promise<any> {
  const forward = spawn('kubectl', ['-n', namespace, 'port-forward', 'svc/gateway', ':80'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = (await Promise.race([
      once(forward.stdout, 'data'),
      once(forward, 'exit').then(() => Promise.reject(new Error('kubectl port-forward ended'))),
    ])) as [Buffer]
    const port = /127\.0\.0\.1:(\d+)/.exec(String(line))?.[1]
    return await askJson(`http://127.0.0.1:${port}`, call, request)
  } finally {
    forward.kill()
  }
}
