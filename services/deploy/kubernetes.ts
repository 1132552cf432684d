import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { faultOf, reach, type StoreFault } from '#chassis/db/reach.ts'
import type { KubernetesConfig } from './config.ts'

/** Milliseconds that a request waits for an API that does not answer: in a new namespace the network may let nobody through at first. */
const WAIT_MS = 60_000

/** Milliseconds that the API has to let us in, and to answer. */
const CONNECT_MS = 5000
const ANSWER_MS = 15_000

/** A Secret as the API answers with it. Values are in base64. */
export type Secret = {
  metadata: { name: string; resourceVersion: string; labels?: Record<string, string> }
  type?: string
  data?: Record<string, string>
}

/** What to make a Secret of. Values are plain texts. */
export type NewSecret = { name: string; type: string; data: Record<string, string> }

/** The Secrets of one namespace, through the Kubernetes API. */
export type Kubernetes = {
  /** A Secret; undefined when there is none of that name. */
  get(name: string): Promise<Secret | undefined>
  /** Makes a Secret with the labels of what these commands make. Answers false, and changes nothing, when there is one of that name. */
  create(secret: NewSecret): Promise<boolean>
  /** Sets some values of a Secret, as it was read. Answers false, and changes nothing, when it has changed since or is gone. */
  set(secret: Secret, data: Record<string, string>): Promise<boolean>
  close(): Promise<void>
}

/** Labels of all Secrets that these commands make. */
export const LABELS = {
  'app.kubernetes.io/part-of': 'promptforge',
  'app.kubernetes.io/managed-by': 'promptforge-deploy',
}

/** The text of a value of a Secret; undefined when it has none of that name. */
export function valueOf(secret: Secret, key: string): string | undefined {
  const value = secret.data?.[key]
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString()
}

type Options = KubernetesConfig & {
  namespace: string
  /** Told in one line that the API is down and that it is waited for. */
  say: (line: string) => void
  /** Default: a minute. */
  waitMs?: number
}

/**
 * Opens the API as a service account, whose certificate authority and token are read now. Every request waits up to a minute for an API
 * that is down. Other failures are errors, whose one line says what to do.
 */
export function openKubernetes({ host, port, account, namespace, say, waitMs = WAIT_MS }: Options): Kubernetes {
  const [ca, token] = ['ca.crt', 'token'].map((name) => readAccount(join(account, name))) as [string, string]
  const dispatcher = new Agent({
    connect: { ca, timeout: CONNECT_MS },
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
  })
  const origin = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`
  const path = `/api/v1/namespaces/${namespace}/secrets`

  async function once(method: 'GET' | 'POST' | 'PATCH', name: string, body?: object): Promise<Answer> {
    const { statusCode, body: answer } = await request(`${origin}${path}${method === 'POST' ? '' : `/${name}`}`, {
      dispatcher,
      method,
      headers: {
        authorization: `Bearer ${token.trim()}`,
        'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      },
      body: body && JSON.stringify(body),
    })
    const text = await answer.text()
    if (statusCode === 429 || statusCode >= 500) throw new Overloaded(`it answers ${statusCode}`)
    return { status: statusCode, body: text }
  }

  /** One request, when the API answers. What it may not do is an error. */
  async function ask(method: 'GET' | 'POST' | 'PATCH', name: string, body?: object): Promise<Answer> {
    let answer!: Answer
    const look = () => faultOf(async () => (answer = await once(method, name, body)), explain(`${host}:${port}`))
    const fault = await reach(look, { warn: say }, waitMs)
    if (fault) throw new Error(fault.message)
    const what = `${VERBS[method]} the Secret ${name} of the namespace ${namespace}`
    switch (answer.status) {
      case 401:
        throw new Error(`the Kubernetes API does not accept the token in ${account}: mount that of a service account`)
      case 403:
        throw new Error(`the service account may not ${what}: give its Role that verb (${messageOf(answer)})`)
      default:
        return answer
    }
  }

  const unexpected = (answer: Answer, what: string) =>
    new Error(`the Kubernetes API refuses to ${what}: ${answer.status} ${messageOf(answer)}`)

  return {
    get: async (name) => {
      const answer = await ask('GET', name)
      if (answer.status === 404) return undefined
      if (answer.status !== 200) throw unexpected(answer, `get the Secret ${name}`)
      return JSON.parse(answer.body) as Secret
    },
    create: async ({ name, type, data }) => {
      const metadata = { name, labels: LABELS }
      const answer = await ask('POST', name, { apiVersion: 'v1', kind: 'Secret', metadata, type, data: encode(data) })
      if (answer.status === 409) return false
      if (answer.status !== 201) throw unexpected(answer, `create the Secret ${name}`)
      return true
    },
    set: async ({ metadata: { name, resourceVersion } }, data) => {
      const answer = await ask('PATCH', name, { metadata: { resourceVersion }, data: encode(data) })
      if (answer.status === 409 || answer.status === 404) return false
      if (answer.status !== 200) throw unexpected(answer, `change the Secret ${name}`)
      return true
    },
    close: () => dispatcher.close(),
  }
}

type Answer = { status: number; body: string }

const VERBS = { GET: 'get', POST: 'create', PATCH: 'patch' }

/** The API is there and cannot work now. */
class Overloaded extends Error {}

const encode = (data: Record<string, string>) =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))

/** What the API says of a failure. It never cites values of a Secret. */
function messageOf({ body }: Answer): string {
  try {
    return String((JSON.parse(body) as { message?: unknown }).message)
  } catch {
    return 'without a message'
  }
}

function readAccount(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code}): run this in a pod that mounts the token of its service account`,
    )
  }
}

/** Whatever keeps a request from its answer is a fault of the network, but for a certificate that is not the API's. */
const explain =
  (address: string) =>
  (error: unknown): StoreFault | undefined => {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (/CERT|SIGNATURE|ISSUER|ALTNAME/.test(code)) {
      return {
        isDown: false,
        message: `what answers at ${address} is not the Kubernetes API that the service account knows (${code}): correct the address`,
      }
    }
    if (!(error instanceof Overloaded) && code === '') return undefined
    return {
      isDown: true,
      message: `the Kubernetes API at ${address} does not answer (${code || message}): look whether a NetworkPolicy lets this pod reach it`,
    }
  }
