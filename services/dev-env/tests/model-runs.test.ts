import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
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
