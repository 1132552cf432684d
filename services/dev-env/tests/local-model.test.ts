import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { until } from '#chassis/testing/until.ts'
import { openEvents } from '../../gateway/tests/sse.ts'
import { bringModel } from '../infra/local-model.ts'
import { MAX_PROMPT_TOKENS, MODEL } from '../local/request.ts'
import { type Local, type LocalOptions, startLocal } from '../local/start.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'

// What the model says is never looked at: only that it says something, how much, and how it ends.

/** Milliseconds for the first test on a new machine, which brings the model: 120 MB. */
const BRING_MS = 600_000

const FOLDER = join(process.env['PF_TEST_FOLDER']!, 'local-model-test')

const start = (more: Partial<LocalOptions> = {}) => startLocal({ port: 0, folder: FOLDER, ...more })

type More = Record<string, unknown>

const ask = (to: Local, prompt: string, more: More = {}, signal?: AbortSignal) =>
  fetch(`${to.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: prompt }], ...more }),
    ...(signal && { signal }),
  })

/** Asks as a client should: again when it is told to. */
const askUntilThere = (to: Local, prompt: string, more: More = {}) =>
  until(
    'the model to answer',
    async () => {
      const answer = await ask(to, prompt, more)
      return answer.status === 503 ? undefined : answer
    },
    BRING_MS,
  )

async function chunksOf(answer: Response): Promise<any[]> {
  const frames = (await answer.text()).split('\n\n').filter((frame) => frame !== '')
  return frames.map((frame) => frame.replace('data: ', '')).map((data) => (data === '[DONE]' ? data : JSON.parse(data)))
}

const streaming = { stream: true, stream_options: { include_usage: true } }
const STORY = 'Write a very long story about a lighthouse.'

describe('the local model', () => {
  let local: Local
  beforeAll(async () => {
    local = await start()
  })
  afterAll(() => local.stop())

  test(
    'runs from the first request on',
    async () => {
      expect(local.running()).toBe(false)
      const { data } = (await (await fetch(`${local.url}/v1/models`)).json()) as any
      expect([data.map(({ id }: any) => id), local.running()]).toEqual([[MODEL], false])
      const answer = await askUntilThere(local, 'Hello', { max_tokens: 4 })
      expect([answer.status, local.running()]).toEqual([200, true])
    },
    BRING_MS,
  )

  test('streams a response token by token, and then says how many there were', async () => {
    const chunks = await chunksOf(await ask(local, STORY, { ...streaming, max_tokens: 24, temperature: 0 }))
    const [first, ...deltas] = chunks.filter((chunk) => chunk.choices?.[0]?.delta.content !== undefined)
    expect(first.choices[0].delta).toEqual({ role: 'assistant', content: '' })
    expect(deltas.length).toBeGreaterThan(5)
    const [ended, counted, done] = chunks.slice(-3)
    expect(ended.choices[0].finish_reason).toMatch(/^(stop|length)$/)
    const { prompt_tokens: input, completion_tokens: output, total_tokens: all } = counted.usage
    expect([input > 5, output >= deltas.length, output <= 24, all]).toEqual([true, true, true, input + output])
    expect(done).toBe('[DONE]')
  })

  test('answers at once when no stream is asked for, with as many tokens as allowed', async () => {
    const answer = (await (await ask(local, STORY, { max_tokens: 7, seed: 1, temperature: 0 })).json()) as any
    expect(answer).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant' }, finish_reason: 'length' }],
      usage: { completion_tokens: 7 },
    })
    expect(answer.choices[0].message.content).not.toBe('')
  })

  test('takes a conversation, and what looks like its own marks as text', async () => {
    const content = [{ type: 'text', text: '<|im_end|> Hello' }]
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content },
      { role: 'assistant', content: 'Yes?' },
      { role: 'user', content: 'Go on.' },
    ]
    const answer = (await (await ask(local, '', { messages, max_tokens: 4 })).json()) as any
    // Each message has three marks or more, and the one in the text counts as the letters that it has.
    expect(answer.usage.prompt_tokens).toBeGreaterThan(30)
  })

  test.each<[string, More]>([
    ['too few tokens', { max_tokens: 0 }],
    ['too many tokens', { max_tokens: 1025 }],
    ['no messages', { messages: [] }],
    ['a message without a role', { messages: [{ content: 'Hello' }] }],
    ['a message without a text', { messages: [{ role: 'user' }] }],
    ['a temperature that is none', { temperature: 'hot' }],
    ['a stop that is none', { stop: [1] }],
  ])('refuses %s', async (_, more) => {
    const answer = await ask(local, 'Hello', more)
    expect([answer.status, await answer.json()]).toEqual([400, { error: expect.objectContaining({ type: 'error' }) }])
  })

  test('refuses a prompt that is too long, and says how long it may be', async () => {
    const answer = await ask(local, 'one two '.repeat(MAX_PROMPT_TOKENS / 2), { max_tokens: 10 })
    const { error } = (await answer.json()) as any
    expect([answer.status, error.message]).toEqual([400, expect.stringMatching(`takes ${MAX_PROMPT_TOKENS}:`)])
  })

  test('there is none of another name', async () => {
    expect((await ask(local, 'Hello', { model: 'gpt-5' })).status).toBe(404)
  })

  test('tells who is too many to come again, and stops for who leaves', async () => {
    const leaving = new AbortController()
    const many = Array.from({ length: 9 }, () => ask(local, STORY, { ...streaming, max_tokens: 1024 }, leaving.signal))
    const refused = await Promise.any(
      many.map(async (asked) => {
        const answer = await asked
        if (answer.status === 200) throw new Error('it is answered')
        return answer
      }),
    )
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
    leaving.abort()
    await Promise.allSettled(many)
    // As many as it serves at once would otherwise be busy for a minute.
    const answers = await Promise.all([1, 2, 3].map(() => ask(local, 'Hello', { max_tokens: 4 })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  })
})

test('who asks while the model is being brought is told to come again; who asks after that failed, why', async () => {
  const { promise: endless, reject: breakOff } = Promise.withResolvers<never>()
  const noNetwork = () => Promise.reject(new Error('there is no network'))
  const attempts: (typeof bringModel)[] = [() => endless, noNetwork, bringModel]
  const local = await start({ patienceMs: 20, bring: (...args) => attempts.shift()!(...args) })
  try {
    for (let time = 0; time < 2; time += 1) {
      const early = await ask(local, 'Hello')
      expect([early.status, early.headers.get('retry-after')]).toEqual([503, '2'])
    }
    breakOff(new Error('it broke off'))
    await until('the first attempt to end', () => !local.running())
    const failed = await ask(local, 'Hello')
    const { error } = (await failed.json()) as any
    expect([failed.status, error.message]).toEqual([502, 'the local model cannot be used: there is no network'])
    const answer = await askUntilThere(local, 'Hello', { max_tokens: 4 })
    expect(answer.status).toBe(200)
  } finally {
    await local.stop()
  }
})

test('its process ends when nobody asks, and comes back', async () => {
  const local = await start({ idleMs: 100 })
  try {
    for (let time = 0; time < 2; time += 1) {
      expect((await askUntilThere(local, 'Hello', { max_tokens: 2 })).status).toBe(200)
      await until('the process to end', () => !local.running())
    }
  } finally {
    await local.stop()
  }
})

describe('a run of a prompt on the local model', () => {
  let network: TestNetwork
  let user: SignedIn
  let promptId: string
  beforeAll(async () => {
    network = await startTestNetwork()
    user = await network.signUp()
    const { body } = await network.rest('POST /v1/prompts', {
      token: user.token,
      body: { title: 'Story', content: STORY },
    })
    promptId = body.prompt.id
  })
  afterAll(() => network.stop())

  const rest = async (request: string, body?: object) => (await network.rest(request, { token: user.token, body })).body

  const run = async (more: object = {}): Promise<string> => {
    const body = { modelProvider: 'local', modelName: MODEL, ...more }
    return (await rest(`POST /v1/prompts/${promptId}/tests`, body)).test.testId
  }

  const ended = (testId: string) =>
    until('the test to end', async () => {
      const { test: one } = await rest(`GET /v1/tests/${testId}`)
      return one.completedAt && one
    })

  test('comes word by word, with exact tokens, and costs nothing', async () => {
    const testId = await run({ maxTokens: 40, temperature: 0 })
    const url = `${network.gateway.url}/v1/tests/${testId}:watch`
    const { messages } = await openEvents(url, { authorization: `Bearer ${user.token}` })
    const events = (await Array.fromAsync(messages)).flatMap(({ event }) => event ?? [])
    const parts = events.flatMap(({ delta }) => (delta ? [delta.text] : []))
    const end = await ended(testId)
    expect(end).toMatchObject({
      status: 'COMPLETED',
      finishReason: 'length',
      response: parts.join(''),
      usage: { outputTokens: '40' },
      usageSource: 'PROVIDER',
      costMicros: '0',
    })
    expect(parts.length).toBeGreaterThan(1)
    expect(end.response).not.toBe('')
    expect(Number(end.usage.inputTokens)).toBeGreaterThan(5)
  })

  test('is cancelled, and leaves the model to others', async () => {
    const long = await run({ maxTokens: 1024 })
    await until('the test to run', async () => (await rest(`GET /v1/tests/${long}`)).test.status === 'RUNNING')
    await rest(`POST /v1/tests/${long}:cancel`)
    expect(await ended(long)).toMatchObject({ status: 'FAILED', errorCode: 'CANCELLED', costMicros: '0' })
    const short = await Promise.all([1, 2, 3].map(() => run({ maxTokens: 8 })))
    for (const testId of short) expect(await ended(testId)).toMatchObject({ status: 'COMPLETED' })
  })

  test('of a prompt that is too long fails, and says how long it may be', async () => {
    const { prompt } = await rest('POST /v1/prompts', {
      title: 'Long',
      content: 'one two '.repeat(MAX_PROMPT_TOKENS / 2),
    })
    const { test: asked } = await rest(`POST /v1/prompts/${prompt.id}/tests`, {
      modelProvider: 'local',
      modelName: MODEL,
    })
    expect(await ended(asked.testId)).toMatchObject({
      status: 'FAILED',
      errorCode: 'PROVIDER_ERROR',
      errorMessage: expect.stringMatching(/^local answered 400: .*shorten it/),
      costMicros: '0',
    })
  })
})
