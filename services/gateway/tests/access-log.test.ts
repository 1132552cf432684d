import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rejection } from '#chassis/testing/rejection.ts'
import { PromptServiceService as Prompts } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
let patchId: string

/** Envoy writes its log every ten seconds, and when it ends: so the requests come first, and then it ends. */
beforeAll(async () => {
  gateway = await startGateway()
  const token = await gateway.token('ada')
  const patch = await gateway.rest('PATCH /v1/prompts/p1', { token, body: '{"title": "hush"}' })
  patchId = patch.headers.get('x-request-id')!
  gateway.prompt.answers.set(Prompts.getPrompt.path, () => {
    throw new Error('a bug')
  })
  await rejection(gateway.stub(Prompts).getPrompt({ promptId: 'p1' }, { token }))
  await gateway.rest('GET /v1/nothing?token=hush')
  const query = 'GET /v1/prompts?category=hush&page_token=hush'
  await gateway.rest(query, { token, headers: { 'idempotency-key': 'hush' } })
  await gateway.rest(query, { token: `${token}hush` })
  await gateway.rest('POST /v1/auth/login', { body: '{"login": "hush", "password": "hush"}' })
  await gateway.envoy.stop()
})
afterAll(() => gateway.stop())

const line = (what: Record<string, unknown>) =>
  gateway.accessLog().find((entry) => Object.entries(what).every(([name, value]) => entry[name] === value))

test('a REST request is a line: what was asked, of what method, by whom, and how it ended', () => {
  expect(line({ requestId: patchId })).toMatchObject({
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    method: 'PATCH',
    path: '/v1/prompts/p1',
    rpc: Prompts.updatePrompt.path,
    status: 200,
    grpcStatus: 'OK',
    ms: expect.any(Number),
    user: 'ada',
    address: '127.0.0.1',
    instance: `127.0.0.1:${gateway.prompt.port}`,
    attempts: 1,
  })
})

test('a gRPC call that fails is HTTP 200, and its line says how it failed', () => {
  expect(line({ rpc: Prompts.getPrompt.path })).toMatchObject({ method: 'POST', status: 200, grpcStatus: 'Internal' })
})

test('what the gateway refuses is a line too', () => {
  expect(line({ path: '/v1/nothing' })).toMatchObject({ status: 401, instance: null, user: null })
})

test('no query, no body and no token is in any log', () => {
  expect(gateway.accessLog()).toHaveLength(6)
  for (const file of ['access.log', 'envoy.log']) {
    expect(readFileSync(join(gateway.folder, file), 'utf8')).not.toMatch(/hush|eyJ/)
  }
})
