import { guardedFetch } from './guarded-fetch.ts'
import { modelOf, type Target, withFetch } from './target.ts'
import { shownText } from './redact.ts'
import { readRetryAfter } from './retry-after.ts'

/** What a model is asked. */
export type ModelRequest = {
  model: string
  prompt: string
  /** Undefined: the model's own. */
  temperature: number | undefined
  maxTokens: number
}

/** Tokens by class of price. Those read from and written to a cache are also in `input`, those of reasoning also in `output`. */
export type Usage = {
  input: number
  cacheRead: number
  cacheWrite: number
  output: number
  reasoning: number
  /** As the provider wrote it. */
  raw: object
}

/** Why a call failed. */
export type FailureCode = 'PROVIDER_ERROR' | 'PROVIDER_CUT' | 'TIMEOUT' | 'RESPONSE_TOO_LARGE' | 'CANCELLED'

/** How a call ended. */
export type Outcome =
  /** The model has finished. Undefined usage: the provider did not say it. */
  | { kind: 'completed'; finishReason: string; usage: Usage | undefined }
  /** The provider has too much to do, and nothing was generated. Undefined: it did not say when it has less. */
  | { kind: 'throttled'; retryAfterMs: number | undefined }
  /**
   * `message` says why, without anything of the key. When it may not cost anything, the request did not reach the provider, or the provider
   * refused it (HTTP 4xx) before the first token.
   */
  | { kind: 'failed'; code: FailureCode; message: string; mayCost: boolean }

/** The longest that a call may take, milliseconds, and the longest response, bytes of UTF-8. */
export type Limits = { firstTokenMs: number; gapMs: number; totalMs: number; responseBytes: number }

export const LIMITS: Limits = { firstTokenMs: 30_000, gapMs: 30_000, totalMs: 120_000, responseBytes: 1024 * 1024 }

/** What providers answer when they have too much to do; 529 is Anthropic's. */
const THROTTLING = new Set([429, 503, 529])

type Options = { signal: AbortSignal; onDelta: (text: string) => void; limits?: Partial<Limits> }

/**
 * Calls a model, and passes on its text as it comes. Never rejects, never tries again. When `signal` is aborted, a limit is passed or the
 * call has failed, its connection is closed.
 */
export async function callModel(
  target: Target,
  request: ModelRequest,
  { signal, onDelta, limits }: Options,
): Promise<Outcome> {
  const { firstTokenMs, gapMs, totalMs, responseBytes } = { ...LIMITS, ...limits }
  const ending = new AbortController()
  const end = (code: FailureCode, message: string) => ending.abort(new Ended(code, message))
  const cancel = () => end('CANCELLED', 'the run was cancelled')
  const late = (what: string, ms: number) =>
    setTimeout(() => end('TIMEOUT', `${what} did not come within ${ms / 1000} s`), ms)
  let mayCost = false
  let bytes = 0
  // A token, of a thought or of the text, has come: from then on nothing is free.
  let hasBegun = false
  let hasDelta = false
  const timers = { total: late('the end of the response', totalMs), next: late('the first token', firstTokenMs) }
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel, { once: true })
  let isStreaming = false
  const failed = (code: FailureCode, message: string): Outcome => ({ kind: 'failed', code, message, mayCost })
  const cut = () => failed('PROVIDER_CUT', `${target.provider} ended the response before it was finished`)

  try {
    const fetch = guardedFetch(target.allowedNetworks, () => (mayCost = true))
    const { stream } = await orEnd(
      withFetch(fetch, () =>
        modelOf(target, request.model).doStream({
          prompt: [{ role: 'user', content: [{ type: 'text', text: request.prompt }] }],
          maxOutputTokens: request.maxTokens,
          ...(request.temperature !== undefined && { temperature: request.temperature }),
          abortSignal: ending.signal,
        }),
      ),
      ending.signal,
    )
    isStreaming = true
    const parts = stream.getReader()
    // Otherwise a read would end when the SDK has heard of it.
    ending.signal.addEventListener('abort', () => void parts.cancel().catch(() => undefined))
    for (;;) {
      const { done, value: part } = await parts.read()
      ending.signal.throwIfAborted()
      if (done) return cut()
      if (part.type === 'error') throw part.error
      if (part.type === 'finish') return finished(target, part.finishReason, readUsage(part.usage), { failed, cut })
      if (part.type !== 'text-delta' && part.type !== 'reasoning-delta') continue
      if (hasDelta) timers.next.refresh()
      else {
        clearTimeout(timers.next)
        timers.next = late('the next token', gapMs)
        hasDelta = true
      }
      if (part.delta === '') continue
      hasBegun = true
      if (part.type !== 'text-delta') continue
      bytes += Buffer.byteLength(part.delta)
      if (bytes > responseBytes)
        return failed('RESPONSE_TOO_LARGE', `the response is longer than ${responseBytes} bytes of UTF-8`)
      onDelta(part.delta)
    }
  } catch (thrown) {
    const error: unknown = ending.signal.aborted ? ending.signal.reason : thrown
    if (error instanceof Ended) return failed(error.code, error.message)
    const answer = answerOf(error)
    if (isStreaming && isCut(error)) return cut()
    if (!hasBegun && THROTTLING.has(answer.status))
      return { kind: 'throttled', retryAfterMs: readRetryAfter(answer.retryAfter) }
    if (!hasBegun && answer.status >= 400 && answer.status < 500) mayCost = false
    return failed('PROVIDER_ERROR', describe(target, error, answer))
  } finally {
    clearTimeout(timers.total)
    clearTimeout(timers.next)
    signal.removeEventListener('abort', cancel)
    ending.abort(OVER)
  }
}

/** Why what is left of a call is closed when it is over: an error would have its stack recorded each time. */
const OVER = 'the call is over'

/** Why we end a call ourselves. */
class Ended extends Error {
  readonly code: FailureCode
  constructor(code: FailureCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Waits for the SDK, but no longer than until the call is ended: the SDK may not have heard of it yet. */
async function orEnd<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    if (signal.aborted) abort()
    return await Promise.race([promise, ended])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

type Finish = { unified: string; raw: string | undefined }

function finished(
  { provider, apiKey }: Target,
  { unified, raw }: Finish,
  usage: Usage | undefined,
  { failed, cut }: { failed: (code: FailureCode, message: string) => Outcome; cut: () => Outcome },
): Outcome {
  // Without a reason of the provider's the SDK has not seen the end: the connection was closed before.
  if (raw === undefined) return cut()
  if (unified === 'error')
    return failed('PROVIDER_ERROR', `${provider} failed while it generated: ${shownText(raw, apiKey)}`)
  return { kind: 'completed', finishReason: unified, usage }
}

type Counts = {
  inputTokens: { total: number | undefined; cacheRead: number | undefined; cacheWrite: number | undefined }
  outputTokens: { total: number | undefined; reasoning: number | undefined }
  raw?: object
}

// A provider that reports only a part has not reported: a cost must never be too low.
function readUsage({ inputTokens, outputTokens, raw = {} }: Counts): Usage | undefined {
  const input = inputTokens.total
  const output = outputTokens.total
  if (!isCount(input) || !isCount(output)) return undefined
  const cacheRead = inputTokens.cacheRead ?? 0
  const cacheWrite = inputTokens.cacheWrite ?? 0
  const reasoning = outputTokens.reasoning ?? 0
  if (![cacheRead, cacheWrite, reasoning].every(isCount)) return undefined
  return {
    input: Math.max(input, cacheRead + cacheWrite),
    cacheRead,
    cacheWrite,
    output: Math.max(output, reasoning),
    reasoning,
    raw,
  }
}

const isCount = (value: number | undefined): value is number => Number.isSafeInteger(value) && value! >= 0

// The connection broke, or ended well before the provider had said why the response ends: the SDK has an error for that.
function isCut(error: unknown): boolean {
  const { name, data, code, cause } = (error ?? {}) as {
    name?: string
    data?: unknown
    code?: unknown
    cause?: unknown
  }
  if (name === 'AI_InvalidResponseDataError' && data === undefined) return true
  if (typeof code === 'string' && (code.startsWith('UND_ERR_') || code === 'ECONNRESET')) return true
  return cause !== undefined && isCut(cause)
}

type Answer = { status: number; retryAfter: string | undefined; body: string }

/** What the provider answered, as far as an error of the SDK tells: an error in a stream has only a body. */
function answerOf(error: unknown): Answer {
  const { statusCode, responseHeaders, responseBody } = (error ?? {}) as {
    statusCode?: number
    responseHeaders?: Record<string, string>
    responseBody?: string
  }
  return { status: statusCode ?? 0, retryAfter: responseHeaders?.['retry-after'], body: responseBody ?? '' }
}

function describe({ provider, apiKey }: Target, error: unknown, { status, body }: Answer): string {
  const said = shownText(body || textOf(error), apiKey)
  if (status >= 300) return `${provider} answered ${status}: ${said}`
  return `the call of ${provider} failed: ${said}`
}

// The innermost cause is what happened; what is around it says that fetching failed.
function textOf(error: unknown): string {
  if (typeof error === 'string') return error
  if (!(error instanceof Error)) return JSON.stringify(error) ?? 'unknown error'
  return error.cause instanceof Error ? textOf(error.cause) : error.message
}
