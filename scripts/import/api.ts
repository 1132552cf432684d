import ky, { type Input, isHTTPError, isNetworkError, isTimeoutError, type Options } from 'ky'

/** What the server will not do, with its reason. */
export class Refused extends Error {
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

/** The gateway does not answer, or cannot now, in spite of all patience. */
export class Unavailable extends Error {}

/** A prompt in a list, and its head version. */
export type Listed = { id: string; title: string; version: number }

/** The part of the public API that an import uses. Its functions throw Refused and Unavailable. */
export type Api = {
  /** Asks once whether a PromptForge answers. */
  ping(): Promise<void>
  /** Makes an account; answers with its access token. */
  register(account: { username: string; email: string; password: string }): Promise<string>
  /** Signs in; answers with the access token. */
  login(login: string, password: string): Promise<string>
  /** All prompts of the token's user, in any order. */
  prompts(token: string): AsyncGenerator<Listed>
  /** The content of a prompt, from its head version: reading that is no view, and the statistics count the owner's views as well. */
  content(token: string, prompt: Listed): Promise<string>
  /** Creates a prompt once for each key; answers with its id. */
  createPrompt(token: string, key: string, prompt: NewPrompt): Promise<string>
  /** Changes the fields of a prompt that are named, which makes a version when that has another content. */
  updatePrompt(token: string, id: string, change: Fields): Promise<void>
  /** The content hashes of all versions of a prompt, oldest first. */
  versionHashes(token: string, prompt: Listed): Promise<string[]>
}

/** Fields of a request in JSON, as the server reads them. */
type Fields = Record<string, unknown>

/** A prompt that is to be created. */
export type NewPrompt = Fields & { title: string; content: string; tags: string[] }

/** Repeats of a request: with the waits below, something more than a minute. */
const REPEATS = 20
const LONGEST_BACKOFF_MS = 5000

/** ABORTED, the gRPC code: somebody was in the way, so it is worth repeating. */
const ABORTED = 10

type Failure = { code?: number; message?: string; details?: { reason?: string }[] }
type SignedIn = { tokens: { accessToken: string } }
type Page = { prompts: Listed[]; nextPageToken: string }
type VersionPage = { versions: { version: number; contentHash: string }[]; nextPageToken: string }
type Created = { prompt: { id: string } }

/**
 * Opens the API at a gateway's URL. Requests that fail on the way, or are refused for now, are repeated: after what
 * `Retry-After` says, else after a growing wait. `onWait` is called at each repeat; `signal` ends all of it.
 */
export function openApi(url: string, signal: AbortSignal, onWait: () => void): Api {
  const http = ky.create({
    prefix: url,
    signal,
    timeout: 60_000,
    retry: {
      limit: REPEATS,
      methods: ['get', 'post', 'patch'],
      statusCodes: [429, 502, 503, 504],
      afterStatusCodes: [429, 503],
      backoffLimit: LONGEST_BACKOFF_MS,
      jitter: true,
      retryOnTimeout: true,
      shouldRetry: ({ error }) => (failureIn(error).code === ABORTED ? true : undefined),
    },
    hooks: { beforeRetry: [onWait] },
  })
  const call = async <T>(path: Input, options: Options): Promise<T> => {
    try {
      return await http<T>(path, options).json()
    } catch (error) {
      signal.throwIfAborted()
      throw understood(error, url)
    }
  }
  const post = <T>(path: string, json: object, headers = {}) => call<T>(path, { method: 'post', json, headers })
  const signIn = async (path: string, json: object) => (await post<SignedIn>(path, json)).tokens.accessToken
  return {
    ping: async () => {
      const { categories } = await call<{ categories?: unknown }>('v1/categories', { retry: 0, timeout: 10_000 })
      if (!Array.isArray(categories)) throw new Unavailable(`what answers at ${url} is not PromptForge`)
    },
    register: (account) => signIn('v1/auth/register', account),
    login: (login, password) => signIn('v1/auth/login', { login, password }),
    prompts: async function* (token) {
      let pageToken = ''
      do {
        const searchParams = { user_id: 'me', page_size: 100, page_token: pageToken }
        const page = await call<Page>('v1/prompts', { searchParams, headers: bearer(token) })
        yield* page.prompts
        pageToken = page.nextPageToken
      } while (pageToken !== '')
    },
    createPrompt: async (token, key, prompt) => {
      const headers = { ...bearer(token), 'idempotency-key': key }
      return (await post<Created>('v1/prompts', prompt, headers)).prompt.id
    },
    content: async (token, { id, version }) => {
      const path = `v1/prompts/${id}/versions/${version}`
      return (await call<{ version: { content: string } }>(path, { headers: bearer(token) })).version.content
    },
    updatePrompt: async (token, id, change) => {
      await call(`v1/prompts/${id}`, { method: 'patch', json: change, headers: bearer(token) })
    },
    versionHashes: async (token, { id, version }) => {
      const path = `v1/prompts/${id}/versions`
      // The list may lack a version that was just written; this waits for it.
      await call(`${path}/${version}`, { headers: bearer(token) })
      const hashes: string[] = []
      let pageToken = ''
      do {
        const searchParams = { page_size: 100, page_token: pageToken }
        const page = await call<VersionPage>(path, { searchParams, headers: bearer(token) })
        for (const one of page.versions) hashes[one.version - 1] = one.contentHash
        pageToken = page.nextPageToken
      } while (pageToken !== '')
      return hashes
    },
  }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

function understood(error: unknown, url: string): Error {
  if (isNetworkError(error) || isTimeoutError(error)) return new Unavailable(`nothing answers at ${url}`)
  if (!isHTTPError(error)) return new Unavailable(`the answer of ${url} is not readable: ${String(error)}`)
  const { status } = error.response
  const { message, details } = failureIn(error)
  const said = message ?? `the server answered ${status} without a reason`
  if ([429, 502, 503, 504].includes(status)) return new Unavailable(`${url} cannot answer now: ${said}`)
  return new Refused(details?.[0]?.reason ?? '', said)
}

// What is no JSON object comes from something else than PromptForge.
function failureIn(error: Error): Failure {
  const data = isHTTPError<Failure>(error) ? error.data : undefined
  return typeof data === 'object' ? data : {}
}
