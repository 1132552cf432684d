import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  CreatePromptRequest,
  PromptServiceService as Prompts,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
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

test('but never more than the gateway itself waits', async () => {
  await gateway.rest('GET /v1/prompts/p1', { headers: { 'grpc-timeout': '60S' } })
  expectAbout(5)
  await gateway.stub(Prompts).createPrompt(CreatePromptRequest.create(), { token, timeoutMs: 60_000 })
  expectAbout(10)
})
