import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { until } from '#chassis/testing/until.ts'
import { callModel, type Limits, type Outcome } from '../providers/call-model.ts'
import { closeConnections } from '../providers/guarded-fetch.ts'
import type { Protocol } from '../providers/target.ts'
import { DIALECTS, type Dialect } from './dialects.ts'
import { answerJson, type Asked, beginEvents, type ProviderServer, startProviderServer } from './provider-server.ts'

type Answer = (response: ServerResponse, dialect: Dialect, asked: Asked) => unknown

const KEY = 'sk-test-0123456789abcdefghij'
const COUNTED = { fresh: 100, cacheRead: 20, cacheWrite: 0, text: 7, reasoning: 3 }
const PROTOCOLS = ['openai', 'anthropic', 'google', 'openai-compatible'] as const satisfies Protocol[]

let server: ProviderServer
let answer: Answer
let dialect: Dialect

const startServer = () => startProviderServer((response, asked) => answer(response, dialect, asked))

beforeAll(async () => {
  server = await startServer()
})
beforeEach(() => {
  server.journal.length = 0
})
afterEach(closeConnections)
afterAll(() => server.stop())

type Call = {
  signal?: AbortSignal
  limits?: Partial<Limits>
  onDelta?: (text: string) => void
  allowedNetworks?: string[]
}

const DEFAULTS = { allowedNetworks: ['127.0.0.0/8'], signal: new AbortController().signal }

/** Calls a model of this provider, which answers so. */
async function call(protocol: Protocol, how: Answer, call: Call = {}): Promise<{ outcome: Outcome; deltas: string[] }> {
  const { allowedNetworks, signal, limits = {}, onDelta } = { ...DEFAULTS, ...call }
  answer = how
  dialect = DIALECTS[protocol]
  const deltas: string[] = []
  const target = { provider: 'acme', protocol, baseUrl: `${server.url}/v1`, apiKey: KEY, allowedNetworks }
  const request = { model: 'm', prompt: 'Say hello', temperature: 0.5, maxTokens: 50 }
  const take = (text: string) => {
    deltas.push(text)
    onDelta?.(text)
  }
  return { outcome: await callModel(target, request, { signal, limits, onDelta: take }), deltas }
}

const hello: Answer = (response, { begin, text, end }) => {
  beginEvents(response)
  response.end(begin(COUNTED) + text('Hello') + text(', world') + end('stop', COUNTED))
}

/** Begins a response and leaves it at that. */
const half: Answer = (response, { begin, text }) => {
  beginEvents(response)
  response.write(begin(COUNTED) + text('Hello'))
}

describe.each(PROTOCOLS)('%s:', (protocol) => {
  test('a response comes in pieces, with why it ended and what was counted, by class of price', async () => {
    const { outcome, deltas } = await call(protocol, hello)
    expect(deltas).toEqual(['Hello', ', world'])
    const usage = { input: 120, cacheRead: 20, cacheWrite: 0, output: 10, raw: expect.any(Object) }
    // Anthropic does not say how many of its tokens were thoughts.
    const reasoning = protocol === 'anthropic' ? 0 : 3
    expect(outcome).toEqual({ kind: 'completed', finishReason: 'stop', usage: { ...usage, reasoning } })
  })

  test('the model is asked for this prompt, with temperature and limit, once and with the key', async () => {
    await call(protocol, hello)
    expect(server.journal).toHaveLength(1)
    const [{ method, path, headers, body }] = server.journal as [Asked]
    expect(method).toBe('POST')
    expect(path).toMatch(
      protocol === 'google' ? /^\/v1\/models\/m:streamGenerateContent/ : /^\/v1\/(chat\/completions|messages)$/,
    )
    expect(JSON.stringify(headers)).toContain(KEY)
    const said = JSON.stringify(body)
    expect(said).toContain('Say hello')
    expect(said).toMatch(/"temperature":0\.5/)
    expect(said).toMatch(/"(max_tokens|max_completion_tokens|maxOutputTokens)":50/)
  })

  test('a response that reached its limit says so', async () => {
    const { outcome } = await call(protocol, (response, { begin, text, end }) => {
      beginEvents(response)
      response.end(begin(COUNTED) + text('Hel') + end('length', COUNTED))
    })
    expect(outcome).toMatchObject({ kind: 'completed', finishReason: 'length' })
  })

  test.each([
    [429, '2', 2000],
    [503, undefined, undefined],
    [529, '120', 120_000],
  ])('%i before the first token is throttled, with Retry-After %s', async (status, retryAfter, retryAfterMs) => {
    const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
    const { outcome } = await call(protocol, (response, { error }) =>
      answerJson(response, status, error('busy'), headers),
    )
    expect(outcome).toEqual({ kind: 'throttled', retryAfterMs })
    expect(server.journal).toHaveLength(1)
  })

  test('Retry-After may be a date', async () => {
    const date = new Date(Date.now() + 60_000).toUTCString()
    const { outcome } = await call(protocol, (response, { error }) =>
      answerJson(response, 429, error('busy'), { 'retry-after': date }),
    )
    expect(outcome).toMatchObject({ kind: 'throttled' })
    const { retryAfterMs } = outcome as { retryAfterMs: number }
    expect(retryAfterMs).toBeGreaterThan(50_000)
    expect(retryAfterMs).toBeLessThanOrEqual(60_000)
  })

  test('a refusal fails with what the provider says, and is not tried again', async () => {
    const { outcome } = await call(protocol, (response, { error }) => answerJson(response, 400, error('no such model')))
    expect(outcome).toMatchObject({ kind: 'failed', code: 'PROVIDER_ERROR', mayCost: false })
    expect((outcome as { message: string }).message).toMatch(/^acme answered 400: .*no such model/)
    expect(server.journal).toHaveLength(1)
  })

  test('a provider that quotes the key is not quoted', async () => {
    const quotes = [
      `bad key ${KEY}`,
      `bad key ${KEY.slice(0, 4)} ${KEY.slice(4)}`,
      Buffer.from(`${KEY}`).toString('base64'),
    ]
    for (const quote of quotes) {
      const { outcome } = await call(protocol, (response, { error }) => answerJson(response, 401, error(quote)))
      expect(outcome).toEqual({
        kind: 'failed',
        code: 'PROVIDER_ERROR',
        message: 'acme answered 401: (not shown: it has a part of the key)',
        mayCost: false,
      })
    }
  })

  test('an answer that is not of the protocol fails', async () => {
    const { outcome } = await call(protocol, (response, { begin }) => {
      beginEvents(response)
      response.end(`${begin(COUNTED)}data: {"half":\n\n`)
    })
    expect(outcome).toMatchObject({ kind: 'failed', code: 'PROVIDER_ERROR', mayCost: true })
  })

  test('a response without an end was cut, whether the connection ends well or breaks', async () => {
    const ends: Answer = (response, { begin, text }) => {
      beginEvents(response)
      response.end(begin(COUNTED) + text('Hello'))
    }
    const { outcome, deltas } = await call(protocol, ends)
    expect(outcome).toMatchObject({ kind: 'failed', code: 'PROVIDER_CUT', mayCost: true })
    expect(deltas).toEqual(['Hello'])
    const breaks = await call(protocol, half, { onDelta: () => void server.stop() })
    server = await startServer()
    expect(breaks.outcome).toMatchObject({ kind: 'failed', code: 'PROVIDER_CUT', mayCost: true })
  })

  test('one that says nothing is given up after the limit, and its connection closed', async () => {
    const { outcome } = await call(protocol, () => undefined, { limits: { firstTokenMs: 100 } })
    expect(outcome).toEqual({
      kind: 'failed',
      code: 'TIMEOUT',
      message: 'the first token did not come within 0.1 s',
      mayCost: true,
    })
    await until('the connection to be closed', async () => (await server.connections()) === 0)
  })

  test('one that stops in the middle is given up', async () => {
    const { outcome, deltas } = await call(protocol, half, { limits: { gapMs: 100 } })
    expect(outcome).toMatchObject({ code: 'TIMEOUT', message: 'the next token did not come within 0.1 s' })
    expect(deltas).toEqual(['Hello'])
    await until('the connection to be closed', async () => (await server.connections()) === 0)
  })

  test('one that never ends is given up, however lively', async () => {
    const drip: Answer = (response, { begin, text }) => {
      beginEvents(response)
      response.write(begin(COUNTED))
      const timer = setInterval(() => response.write(text('x')), 10)
      response.on('close', () => clearInterval(timer))
    }
    const { outcome } = await call(protocol, drip, { limits: { totalMs: 300, gapMs: 200 } })
    expect(outcome).toMatchObject({ code: 'TIMEOUT', message: 'the end of the response did not come within 0.3 s' })
  })

  test('one that is too long is given up', async () => {
    const { outcome, deltas } = await call(
      protocol,
      (response, { begin, text }) => {
        beginEvents(response)
        response.end(begin(COUNTED) + text('é'.repeat(50)).repeat(3))
      },
      { limits: { responseBytes: 200 } },
    )
    expect(outcome).toMatchObject({ code: 'RESPONSE_TOO_LARGE', mayCost: true })
    expect(deltas).toHaveLength(2)
  })

  test('a call that is cancelled ends at once, before the answer and within it', async () => {
    for (const how of [() => undefined, half]) {
      const caller = new AbortController()
      server.journal.length = 0
      const calling = call(protocol, how, { signal: caller.signal })
      await until('the provider to be asked', () => server.journal.length === 1)
      caller.abort()
      expect((await calling).outcome).toMatchObject({ kind: 'failed', code: 'CANCELLED', mayCost: true })
      await until('the connection to be closed', async () => (await server.connections()) === 0)
    }
  })
})

test.each(['openai', 'openai-compatible', 'google'] as const)(
  '%s: what was not counted is unknown, and the response whole',
  async (protocol) => {
    const { outcome, deltas } = await call(protocol, (response, { begin, text, end }) => {
      beginEvents(response)
      response.end(begin(COUNTED) + text('Hello') + end('stop', undefined))
    })
    expect(deltas).toEqual(['Hello'])
    expect(outcome).toEqual({ kind: 'completed', finishReason: 'stop', usage: undefined })
  },
)

test('anthropic: what was written to a cache is counted as input, too', async () => {
  const counted = { fresh: 100, cacheRead: 20, cacheWrite: 30, text: 10, reasoning: 0 }
  const { outcome } = await call('anthropic', (response, { begin, text, end }) => {
    beginEvents(response)
    response.end(begin(counted) + text('Hello') + end('stop', counted))
  })
  expect(outcome).toMatchObject({ usage: { input: 150, cacheRead: 20, cacheWrite: 30, output: 10 } })
})

test('anthropic: overloaded in the stream, before the first token, is throttled', async () => {
  const { outcome } = await call('anthropic', (response) => {
    beginEvents(response)
    response.end('event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n')
  })
  expect(outcome).toEqual({ kind: 'throttled', retryAfterMs: undefined })
})

/** How each protocol says in a response that it has too much to do. */
const TOO_MANY = { message: 'busy', type: 'rate_limit_error' }
const BUSY: Record<Protocol, object> = {
  openai: { error: { ...TOO_MANY, param: null, code: 'rate_limit_exceeded' } },
  'openai-compatible': { error: { ...TOO_MANY, param: null, code: 429 } },
  anthropic: { type: 'error', error: TOO_MANY },
  google: { error: { code: 429, message: 'busy', status: 'RESOURCE_EXHAUSTED' } },
}

test.each(PROTOCOLS)('%s: too much to do after the first token fails, and may cost', async (protocol) => {
  const { outcome, deltas } = await call(protocol, (response, { begin, text }) => {
    beginEvents(response)
    response.end(`${begin(COUNTED)}${text('Hello')}event: error\ndata: ${JSON.stringify(BUSY[protocol])}\n\n`)
  })
  expect(outcome).toMatchObject({ kind: 'failed', code: 'PROVIDER_ERROR', mayCost: true })
  expect(deltas).toEqual(['Hello'])
  expect(server.journal).toHaveLength(1)
})

test('a thought is a token: too much to do after it fails, and may cost', async () => {
  const events = [
    { type: 'content_block_start', index: 1, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'thinking_delta', thinking: 'Hm' } },
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
  ]
  const { outcome } = await call('anthropic', (response, { begin }) => {
    beginEvents(response)
    response.end(begin(COUNTED) + events.map((one) => `event: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`).join(''))
  })
  expect(outcome).toMatchObject({ kind: 'failed', code: 'PROVIDER_ERROR', mayCost: true })
})

describe('nothing is sent', () => {
  const unreached = (message: RegExp) => ({
    kind: 'failed',
    code: 'PROVIDER_ERROR',
    mayCost: false,
    message: expect.stringMatching(message),
  })

  test('to an address that is not public and not listed', async () => {
    const { outcome } = await call('openai', hello, { allowedNetworks: ['10.0.0.0/8'] })
    expect(outcome).toEqual(unreached(/127\.0\.0\.1 is not public/))
    expect(server.journal).toEqual([])
  })

  test('where a redirect leads', async () => {
    const { outcome } = await call('openai', (response) => {
      response.writeHead(307, { location: `${server.url}/elsewhere` }).end()
    })
    expect(outcome).toMatchObject({ kind: 'failed', code: 'PROVIDER_ERROR' })
    expect(server.journal).toHaveLength(1)
  })

  test('when nobody listens', async () => {
    await server.stop()
    const { outcome } = await call('openai', hello)
    server = await startServer()
    expect(outcome).toEqual(unreached(/ECONNREFUSED/))
  })
})
