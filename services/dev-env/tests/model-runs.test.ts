import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { openEvents } from '../../gateway/tests/sse.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'

let network: TestNetwork
let owner: SignedIn
let reader: SignedIn
let promptId: string

beforeAll(async () => {
  network = await startTestNetwork()
  owner = await network.signUp()
  reader = await network.signUp()
  promptId = await create({ content: 'Say {{greeting}} to {{name}}, please.' })
})
afterAll(() => network.stop())

async function create(more: object): Promise<string> {
  const variables = [
    { name: 'greeting', type: 'TEXT', defaultValue: 'hello' },
    { name: 'name', type: 'TEXT', required: true },
  ]
  const { body } = await network.rest('POST /v1/prompts', {
    token: owner.token,
    body: { title: 'Greeting', isPublic: true, variables, ...more },
  })
  return body.prompt.id
}

const run = (more: object = {}, { id = promptId, token = reader.token } = {}) =>
  network.rest(`POST /v1/prompts/${id}/tests`, {
    token,
    body: { modelProvider: 'sandbox', modelName: 'echo', values: { name: 'Ann' }, ...more },
  })

const read = async (testId: string, token = reader.token) =>
  (await network.rest(`GET /v1/tests/${testId}`, { token })).body

/** Runs a test to its end. */
async function runToEnd(more: object = {}) {
  const { status, body } = await run(more)
  expect({ status, body }).toMatchObject({ status: 200, body: { test: { status: 'PENDING' } } })
  return ended(body.test.testId)
}

async function ended(testId: string) {
  let test: any
  await until('the test to end', async () => {
    test = (await read(testId)).test
    return test.status === 'COMPLETED' || test.status === 'FAILED'
  })
  return test
}

describe('a reader of a prompt', () => {
  test('runs a version on a model, and sees the answer, the tokens, the time and the exact cost', async () => {
    const test = await runToEnd()
    expect(test).toMatchObject({
      promptId,
      promptVersion: 1,
      userId: reader.id,
      modelProvider: 'sandbox',
      modelName: 'echo',
      maxTokens: 1024,
      status: 'COMPLETED',
      promptContent: 'Say hello to Ann, please.',
      values: { name: 'Ann' },
      response: 'Say hello to Ann, please.',
      // A word is a token: 5 × $1 and 5 × $4 a million.
      usage: { inputTokens: '5', outputTokens: '5' },
      usageSource: 'PROVIDER',
      costMicros: '25',
      reservedMicros: '0',
      finishReason: 'stop',
      errorCode: 'ERROR_CODE_UNSPECIFIED',
      attempts: 1,
    })
    expect(Number(test.responseTimeMs)).toBeGreaterThanOrEqual(Number(test.firstTokenMs))
    const { body } = await network.rest('GET /v1/budgets/me', { token: reader.token })
    expect(body.budget).toMatchObject({ spentMicros: '25', reservedMicros: '0' })
  })

  test('gets as many tokens as asked for', async () => {
    expect(await runToEnd({ maxTokens: 2 })).toMatchObject({ response: 'Say hello', finishReason: 'length' })
  })

  test('sees why a model failed', async () => {
    expect(await runToEnd({ modelName: 'fail' })).toMatchObject({
      status: 'FAILED',
      errorCode: 'PROVIDER_ERROR',
      errorMessage: expect.stringMatching(/^sandbox answered 500: /),
      usageSource: 'ESTIMATED',
    })
  })
})

describe('an API key', () => {
  const tokenOf = async (scopes: string[]) => {
    const { body: made } = await network.rest('POST /v1/api-keys', {
      token: reader.token,
      body: { name: 'app', scopes },
    })
    const { body } = await network.rest('POST /v1/auth/token', { body: { apiKey: made.key } })
    return body.accessToken as string
  }

  test('runs tests with the scopes to run and to read', async () => {
    const token = await tokenOf(['TESTS_RUN', 'PROMPTS_READ'])
    const { status, body } = await run({}, { token })
    expect(status).toBe(200)
    expect(await ended(body.test.testId)).toMatchObject({ status: 'COMPLETED' })
  })

  test.each([[['PROMPTS_READ']], [['TESTS_RUN']]])(
    'with %j alone runs none, and hears which scope is missing',
    async (scopes) => {
      const { status, body } = await run({}, { token: await tokenOf(scopes) })
      expect(status).toBe(403)
      expect(JSON.stringify(body)).toContain('SCOPE_MISSING')
    },
  )
})

describe('a version', () => {
  test('is run by the label that names it', async () => {
    const id = await create({ content: 'first', variables: [] })
    await network.rest(`PATCH /v1/prompts/${id}`, { token: owner.token, body: { content: 'second' } })
    await until(
      'version 2 to be there',
      async () => (await network.rest(`GET /v1/prompts/${id}/versions/2`)).status === 200,
    )
    await network.rest(`PUT /v1/prompts/${id}/labels/production`, { token: owner.token, body: { version: 1 } })
    const responses = []
    for (const which of [{}, { version: 1 }, { label: 'production' }, { label: 'latest' }]) {
      const { body } = await run({ ...which, values: {} }, { id })
      responses.push((await ended(body.test.testId)).response)
    }
    expect(responses).toEqual(['second', 'first', 'first', 'second'])
  })

  test('of a prompt that became private shows its text to who ran it no more', async () => {
    const id = await create({ content: 'secret', variables: [] })
    const { body } = await run({ values: {} }, { id })
    await ended(body.test.testId)
    await network.rest(`PATCH /v1/prompts/${id}`, { token: owner.token, body: { isPublic: false } })
    expect((await read(body.test.testId)).test).toMatchObject({
      contentWithheld: true,
      promptContent: '',
      response: '',
    })
    expect((await run({ values: {} }, { id })).status).toBe(404)
    const { body: listed } = await network.rest('GET /v1/tests?page_size=100', { token: reader.token })
    expect(JSON.stringify(listed)).not.toContain('secret')
  })
})

test('what a user ran is an activity of theirs, and nobody else’s', async () => {
  await network.processAll()
  const { body } = await network.rest('GET /v1/analytics/users/me/events?page_size=100', { token: reader.token })
  const types = body.events.map(({ type }: { type: string }) => type)
  expect(types).toEqual(expect.arrayContaining(['test.requested', 'test.completed', 'test.failed']))
  const { body: ofOwner } = await network.rest(`GET /v1/analytics/prompts/${promptId}/events?page_size=100`, {
    token: owner.token,
  })
  expect(JSON.stringify(ofOwner)).not.toContain('test.')
})

test('a slow run is cancelled over REST, and repeated', async () => {
  const { body } = await run({ modelName: 'slow-60000' })
  const { testId } = body.test
  await until('the test to run', async () => (await read(testId)).test.status === 'RUNNING')
  const { body: cancelled } = await network.rest(`POST /v1/tests/${testId}:cancel`, { token: reader.token })
  expect(cancelled.test).toMatchObject({ cancelRequested: true })
  expect(await ended(testId)).toMatchObject({ status: 'FAILED', errorCode: 'CANCELLED' })
  const { body: again } = await network.rest(`POST /v1/tests/${testId}:retry`, { token: reader.token })
  expect(again.test).toMatchObject({ retryOf: testId, modelName: 'slow-60000' })
  await network.rest(`POST /v1/tests/${again.test.testId}:cancel`, { token: reader.token })
  await ended(again.test.testId)
})

test('a run is watched over REST, part by part, to its end', async () => {
  const { body } = await run({ modelName: 'slow-100' })
  const url = `${network.gateway.url}/v1/tests/${body.test.testId}:watch`
  const { status, headers, messages } = await openEvents(url, { authorization: `Bearer ${reader.token}` })
  expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  const events = (await Array.fromAsync(messages)).flatMap(({ event }) => event ?? [])
  const parts = events.flatMap(({ delta }) => (delta ? [delta.text] : []))
  expect(parts.length).toBeGreaterThan(1)
  expect(parts.join('')).toBe('Say hello to Ann, please.')
  expect(events.at(-1).ended).toMatchObject({ status: 'COMPLETED', response: 'Say hello to Ann, please.' })
})
