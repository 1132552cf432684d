// Runs in a pod of our own image, with the packages and contracts there: people who call the gateway without a pause, over REST and gRPC. Every
// second it writes a line of JSON with the number of calls and of those that failed, and what failed last.
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'

const APP = '/app'
const { GATEWAY = '' } = process.env

/** Milliseconds that an answer may take: as long as the gateway itself waits for a write. */
const TIMEOUT_MS = 10_000

/** Milliseconds between the answer and the next call of the same kind. */
const PAUSE_MS = 200

/** An access token lasts 15 minutes. */
const TOKEN_MS = 10 * 60_000

const counts: Record<string, { calls: number; failed: number }> = {}
const failures: string[] = []
let slowest = 0
let token = ''

const { grpc, PromptServiceClient } = await modules()
const name = `proof${Date.now()}`
const account = { username: name, email: `${name}@example.com`, password: 'correct horse battery' }
await rest('POST', '/v1/auth/register', account)
await signIn()
setInterval(() => void signIn().catch(() => undefined), TOKEN_MS)
const { prompt } = await rest('POST', '/v1/prompts', { title: 'Under load', content: 'Say {{what}}.', isPublic: true })
const client = new PromptServiceClient(`dns:///${GATEWAY}`, grpc.credentials.createInsecure(), {
  'grpc.dns_min_time_between_resolutions_ms': 1000,
})
// The version arrives by an event.
await until(() => rest('GET', `/v1/prompts/${prompt.id}/versions/1`))

const KINDS: Record<string, () => Promise<unknown>> = {
  'REST prompt, read': () => rest('GET', `/v1/prompts/${prompt.id}`),
  'REST prompt, write': () => rest('POST', `/v1/prompts/${prompt.id}/comments`, { content: 'Again.' }),
  // These ask the prompt service who may read it.
  'REST version': () => rest('GET', `/v1/prompts/${prompt.id}/versions/1`),
  'REST versions': () => rest('GET', `/v1/prompts/${prompt.id}/versions`),
  'REST user': () => rest('GET', '/v1/users/me'),
  'REST test': () => rest('GET', '/v1/budgets/me'),
  'REST marketplace': () => rest('GET', '/v1/listings?page_size=5'),
  'REST analytics': () => rest('GET', '/v1/analytics/stats'),
  'gRPC prompt, read': () => getPrompt(prompt.id),
}

let ending = false
process.once('SIGTERM', () => (ending = true))
const report = () =>
  process.stdout.write(`${JSON.stringify({ name, promptId: prompt.id, counts, slowest, failures })}\n`)
setInterval(report, 1000).unref()
await Promise.all(Object.entries(KINDS).map(([kind, call]) => repeat(kind, call)))
report()
process.exit(0)

async function repeat(kind: string, call: () => Promise<unknown>) {
  const count = (counts[kind] = { calls: 0, failed: 0 })
  while (!ending) {
    const begin = performance.now()
    try {
      await call()
    } catch (error) {
      count.failed++
      failures.push(`${new Date().toISOString()} ${kind}: ${describe(error)}`)
      if (failures.length > 40) failures.shift()
    }
    count.calls++
    slowest = Math.max(slowest, Math.round(performance.now() - begin))
    await sleep(PAUSE_MS)
  }
}

async function rest(method: string, path: string, body?: object): Promise<any> {
  const answer = await fetch(`http://${GATEWAY}${path}`, {
    method,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`HTTP ${answer.status} ${text}`)
  return JSON.parse(text)
}

async function signIn() {
  const { tokens } = await rest('POST', '/v1/auth/login', { login: account.username, password: account.password })
  token = tokens.accessToken
}

function getPrompt(promptId: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + TIMEOUT_MS
    client.getPrompt({ promptId }, new grpc.Metadata(), { deadline }, (error: Error | null, answer: unknown) =>
      error ? reject(error) : resolve(answer),
    )
  })
}

async function until(call: () => Promise<unknown>) {
  for (let tries = 0; ; tries++) {
    try {
      return await call()
    } catch (error) {
      if (tries > 120) throw error
      await sleep(500)
    }
  }
}

function describe(error: unknown): string {
  const { message, cause } = error as Error
  return `${message}${cause ? ` (${(cause as Error).message})` : ''}`.slice(0, 300)
}

async function modules(): Promise<{ grpc: any; PromptServiceClient: any }> {
  const grpc = createRequire(`${APP}/package.json`)('@grpc/grpc-js')
  const { PromptServiceClient } = await import(`${APP}/services/contracts/gen/promptforge/prompt/v1/prompt_service.ts`)
  return { grpc, PromptServiceClient }
}
