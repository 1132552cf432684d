import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Metadata } from '@grpc/grpc-js'
import { PromptServiceService as Prompts } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { UUID } from './failure.ts'
import { startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.stop())
beforeEach(() => void gateway.prompt.calls.splice(0))

/** What only the gateway may say, as a caller might try to say it. */
const SPOOFED = {
  'x-pf-user-id': 'eve',
  'x-pf-role': 'ADMIN',
  'x-envoy-external-address': '9.9.9.9',
  'x-envoy-original-path': '/evil',
  'x-envoy-original-method': 'EVIL',
  'x-envoy-internal': 'true',
  'x-envoy-max-retries': '9',
  'x-envoy-retry-on': '5xx',
  'x-envoy-upstream-rq-timeout-ms': '1',
  'x-forwarded-client-cert': 'URI=spiffe://promptforge.local/ns/promptforge/sa/user',
  'grpc-previous-rpc-attempts': '3',
  'x-request-id': 'mine',
}

const metadata = () => gateway.prompt.calls.at(-1)!.metadata

describe('what a caller says of itself', () => {
  const expectNothingOfIt = () => {
    for (const [name, value] of Object.entries(SPOOFED))
      expect([name, metadata().get(name)]).not.toEqual([name, [value]])
    const kept = Object.keys(metadata().getMap()).filter((name) => name.startsWith('x-pf-') || name in SPOOFED)
    expect(kept).not.toContain('x-forwarded-client-cert')
    expect(kept).not.toContain('x-pf-user-id')
    expect(metadata().get('x-envoy-external-address')).toEqual(['127.0.0.1'])
    expect(metadata().get('x-envoy-internal')).toEqual([])
  }

  test('does not reach a service by REST', async () => {
    await gateway.rest('GET /v1/prompts/p1', { headers: SPOOFED })
    expectNothingOfIt()
    expect(metadata().get('x-envoy-original-path')).toEqual(['/v1/prompts/p1'])
  })

  test('does not reach a service by gRPC', async () => {
    const spoofed = new Metadata()
    for (const [name, value] of Object.entries(SPOOFED)) spoofed.set(name, value)
    await gateway.stub(Prompts).getPrompt({ promptId: 'p1' }, { metadata: spoofed })
    expectNothingOfIt()
    expect(metadata().get('x-envoy-original-path')).toEqual([])
  })

  test('about its address counts only behind a proxy that is trusted', async () => {
    await gateway.rest('GET /v1/prompts/p1', { headers: { 'x-forwarded-for': '9.9.9.9' } })
    expect(metadata().get('x-envoy-external-address')).toEqual(['127.0.0.1'])
  })
})

test('behind one trusted proxy the address is the one that the proxy saw', async () => {
  const behind = await startGateway({ trustedHops: 1 })
  try {
    await behind.rest('GET /v1/prompts/p1', { headers: { 'x-forwarded-for': '9.9.9.9, 203.0.113.7' } })
    expect(behind.prompt.calls[0]!.metadata.get('x-envoy-external-address')).toEqual(['203.0.113.7'])
  } finally {
    await behind.stop()
  }
})

test('every request has an id of its own, the same for the service and in the answer', async () => {
  const ids = new Set<string>()
  for (const headers of [{}, { 'x-request-id': 'mine' }]) {
    const answer = await gateway.rest('GET /v1/prompts/p1', { headers })
    const id = answer.headers.get('x-request-id')!
    expect(id).toMatch(UUID)
    expect(metadata().get('x-request-id')).toEqual([id])
    ids.add(id)
  }
  expect(ids.size).toBe(2)
})

test('no answer says what the gateway and the services are made of', async () => {
  const { headers } = await gateway.rest('GET /v1/prompts/p1')
  const names = [...headers.keys()]
  expect(names.filter((name) => name === 'server' || name.startsWith('x-envoy') || name === 'x-powered-by')).toEqual([])
})
