import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { unavailable } from '#chassis/errors.ts'
import { PromptServiceService as Prompts } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import type { Echo } from './echo.ts'
import { failureOf } from './failure.ts'
import { echoOf, startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
let token: string
let instances: Echo[]

beforeAll(async () => {
  instances = await Promise.all([echoOf('prompt'), echoOf('prompt')])
  gateway = await startGateway({ services: { prompt: instances.map(({ port }) => `127.0.0.1:${port}`) } })
  token = await gateway.token()
})
afterAll(async () => {
  await gateway.stop()
  for (const instance of instances) instance.stop()
})
afterEach(() => {
  for (const { calls, answers } of instances) {
    calls.splice(0)
    answers.clear()
  }
})

const CALLS = 20
const total = () => instances.reduce((sum, { calls }) => sum + calls.length, 0)
const statuses = async (request: string, init = {}) => {
  const answers = await Promise.all(Array.from({ length: CALLS }, () => gateway.rest(request, init)))
  return answers.map(({ status }) => status)
}
const fail = () => {
  throw unavailable('the database')
}

test('a read that one instance cannot answer is asked of another', async () => {
  instances[0]!.answers.set(Prompts.getPrompt.path, fail)
  expect(await statuses('GET /v1/prompts/p1')).toEqual(Array(CALLS).fill(200))
  expect(instances[0]!.calls.length).toBeGreaterThan(0)
  expect(instances[1]!.calls).toHaveLength(CALLS)
})

test('a read is repeated once, no more', async () => {
  for (const { answers } of instances) answers.set(Prompts.getPrompt.path, fail)
  expect(failureOf(await gateway.rest('GET /v1/prompts/p1'))).toMatchObject({ status: 503 })
  expect(total()).toBe(2)
})

test('a write that has begun is not repeated', async () => {
  instances[0]!.answers.set(Prompts.createPrompt.path, fail)
  const answers = await statuses('POST /v1/prompts', { token, body: '{}' })
  expect(total()).toBe(CALLS)
  expect(answers.filter((status) => status === 503)).toHaveLength(instances[0]!.calls.length)
  expect(instances[0]!.calls.length).toBeGreaterThan(0)
})

/** Calls a gateway with three instances, each of which dies of the call; answers with the answer and how many were asked. */
async function deadly(path: string, request: string, init: Parameters<TestGateway['rest']>[1] = {}) {
  const mortal = await Promise.all([echoOf('prompt'), echoOf('prompt'), echoOf('prompt')])
  const other = await startGateway({ services: { prompt: mortal.map(({ port }) => `127.0.0.1:${port}`) } })
  try {
    for (const echo of mortal) {
      echo.answers.set(path, () => {
        echo.stop()
        return new Promise(() => undefined)
      })
    }
    const answer = await other.rest(request, { token: await other.token(), ...init })
    return { failure: failureOf(answer), asked: mortal.reduce((sum, { calls }) => sum + calls.length, 0) }
  } finally {
    await other.stop()
    for (const echo of mortal) echo.stop()
  }
}

const GONE = { status: 503, code: 14, reason: 'DEPENDENCY_UNAVAILABLE' }

test('a write whose instance dies is not repeated, and its caller learns that it may or may not be done', async () => {
  const { failure, asked } = await deadly(Prompts.createPrompt.path, 'POST /v1/prompts', { body: '{}' })
  expect([failure, asked]).toEqual([GONE, 1])
})

test('a read that kills its instance is asked of one more, never of all', async () => {
  const { failure, asked } = await deadly(Prompts.getPrompt.path, 'GET /v1/prompts/p1')
  expect([failure, asked]).toEqual([GONE, 2])
})
