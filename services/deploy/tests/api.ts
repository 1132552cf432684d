import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { lifeFrom, makeAuthority, makeLeaf } from '#chassis/certificates.ts'
import { type Kubernetes, openKubernetes, type Secret } from '../kubernetes.ts'

const HOUR = 3_600_000
const TOKEN = 'the token of the service account'
export const NAMESPACE = 'shop'

type Answer = [status: number, body: object]

/** A Kubernetes API that knows Secrets only, with its rules for them: a name is there once, and a stale change is refused. */
export type Api = {
  secrets: Map<string, Secret>
  /** Answers a request in the API's place, when it answers at all. */
  intercept: ((method: string, name: string) => Answer | undefined | Promise<void>) | undefined
  /** The requests so far: `GET promptforge-secrets`. */
  requests: string[]
  /** The environment by which the commands find it. */
  env: Record<string, string>
  open(options?: { waitMs?: number; port?: number }): Kubernetes
  /** What the commands said while they waited. */
  said: string[]
  stop(): Promise<void>
}

export async function startApi(): Promise<Api> {
  const authority = await makeAuthority('cluster', lifeFrom(Date.now(), HOUR))
  const names = { id: 'spiffe://cluster/api', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }
  const { certificate, key } = await makeLeaf(authority, { ...names, ...lifeFrom(Date.now(), HOUR) })
  const account = mkdtempSync(join(tmpdir(), 'account-'))
  writeFileSync(join(account, 'ca.crt'), authority.certificate)
  writeFileSync(join(account, 'token'), `${TOKEN}\n`)

  const server = createServer({ cert: certificate, key }, (request, response) => {
    const { method, url, headers } = request
    text(request)
      .then((body) => answerTo(api, { method: method!, url: url!, headers, body }))
      .then(
        ([status, answer]) =>
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
        (error: Error) => response.destroy(error),
      )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const said: string[] = []
  const kubernetes = { host: '127.0.0.1', port, account, namespace: NAMESPACE, say: (line: string) => said.push(line) }
  const opened: Kubernetes[] = []
  const api: Api = {
    secrets: new Map(),
    intercept: undefined,
    requests: [],
    said,
    env: {
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(port),
      PF_SERVICE_ACCOUNT: account,
      PF_NAMESPACE: NAMESPACE,
    },
    open: (options = {}) => {
      const one = openKubernetes({ ...kubernetes, waitMs: 0, ...options })
      opened.push(one)
      return one
    },
    stop: async () => {
      for (const one of opened) await one.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(account, { recursive: true })
    },
  }
  return api
}

type Request = { method: string; url: string; headers: Record<string, unknown>; body: string }

async function answerTo(api: Api, { method, url, headers, body }: Request): Promise<Answer> {
  const [path, name = ''] = url.split(/(?<=\/secrets)\/?/)
  const sent = body ? (JSON.parse(body) as Secret) : undefined
  const named = name || sent!.metadata.name
  api.requests.push(`${method} ${named}`)
  const instead = await api.intercept?.(method, named)
  if (instead) return instead
  if (headers['authorization'] !== `Bearer ${TOKEN}`) return failure(401, 'Unauthorized')
  if (path !== `/api/v1/namespaces/${NAMESPACE}/secrets`)
    return failure(404, 'the server could not find the requested resource')
  const present = api.secrets.get(named)
  if (method === 'POST') {
    if (present) return failure(409, `secrets "${named}" already exists`)
    return [201, keep(api, sent!)]
  }
  if (!present) return failure(404, `secrets "${named}" not found`)
  if (method === 'GET') return [200, present]
  if (headers['content-type'] !== 'application/merge-patch+json') return failure(415, 'unsupported media type')
  if (sent!.metadata.resourceVersion !== present.metadata.resourceVersion) {
    return failure(409, `Operation cannot be fulfilled on secrets "${named}": the object has been modified`)
  }
  return [200, keep(api, { ...present, data: { ...present.data, ...sent!.data } })]
}

/** Keeps a Secret under a new version. */
export function keep(
  api: Pick<Api, 'secrets'>,
  secret: Omit<Secret, 'metadata'> & { metadata: Partial<Secret['metadata']> },
): Secret {
  const { name = '', resourceVersion = '0' } = secret.metadata
  const kept = {
    ...secret,
    metadata: { ...secret.metadata, name, resourceVersion: String(Number(resourceVersion) + 1) },
  }
  api.secrets.set(name, kept)
  return kept
}

export const failure = (code: number, message: string): Answer => [
  code,
  { kind: 'Status', status: 'Failure', message, code },
]
