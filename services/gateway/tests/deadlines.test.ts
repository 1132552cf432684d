import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { badTimeout } from '#chassis/errors.ts'
import {
  CreatePromptRequest,
  PromptServiceService as Prompts,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { failureOf } from './failure.ts'
import { startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
let token: string

beforeAll(async () => {
  gateway = await startGateway()
  token = await gateway.token()
})
afterAll(() => gateway.stop())

/** Seconds that the service was given, as it was when the call arrived. */
const given = () => (gateway.prompt.calls.at(-1)!.deadline - Date.now()) / 1000

const expectAbout = (seconds: number) => {
  expect(given()).toBeLessThanOrEqual(seconds)
  expect(given()).toBeGreaterThan(seconds * 0.8)
}

test('the service learns the deadline of a caller who named none', async () => {
  await gateway.rest('GET /v1/prompts/p1')
  expectAbout(5)
  await gateway.rest('POST /v1/prompts', { token, body: '{}' })
  expectAbout(10)
})

test('and the one that a caller named', async () => {
  await gateway.rest('GET /v1/prompts/p1', { headers: { 'grpc-timeout': '1500m' } })
  expectAbout(1.5)
  await gateway.stub(Prompts).createPrompt(CreatePromptRequest.create(), { token, timeoutMs: 3000 })
  expectAbout(3)
})

test.each(['soon', '-1S', '1.5S', '123456789S', '10'])('a deadline that is none is refused: %s', async (timeout) => {
  const calls = gateway.prompt.calls.length
  const headers = { 'grpc-timeout': timeout }
  const answer = await gateway.rest('GET /v1/prompts/p1', { headers })
  expect(failureOf(answer)).toEqual({ status: 400, code: 3, reason: 'REQUEST_REJECTED' })
  expect(answer.json.message).toBe(badTimeout().message)
  const { path } = Prompts.getPrompt
  const body = Buffer.alloc(5)
  const asGrpc = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' },
    body,
  })
  expect(asGrpc.headers.get('grpc-status')).toBe('3')
  expect(gateway.prompt.calls).toHaveLength(calls)
})

test('but never more than the gateway itself waits', async () => {
  await gateway.rest('GET /v1/prompts/p1', { headers: { 'grpc-timeout': '60S' } })
  expectAbout(5)
  await gateway.stub(Prompts).createPrompt(CreatePromptRequest.create(), { token, timeoutMs: 60_000 })
  expectAbout(10)
})
