import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  GetPromptResponse,
  PromptServiceService as Prompts,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { failureOf } from './failure.ts'
import { classLimits, startGateway, type TestGateway } from './harness.ts'

const APP = 'https://app.example'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ corsOrigins: [APP], limits: limits() })
})
afterAll(() => gateway.stop())

function limits() {
  const roomy = { perSecond: 1000, burst: 1000 }
  return { address: roomy, user: roomy, classes: classLimits({ perSecond: 1, burst: 1 }) }
}

const preflight = (path: string, origin: string) =>
  gateway.rest(`OPTIONS ${path}`, {
    headers: {
      origin,
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'authorization,content-type',
    },
  })

describe('before a page calls', () => {
  test.each(['/v1/prompts/p1', '/v1/auth/login', '/promptforge.prompt.v1.PromptService/GetPrompt'])(
    'a browser learns that it may: %s',
    async (path) => {
      const answer = await preflight(path, APP)
      expect(answer).toMatchObject({ status: 200, text: '' })
      expect(answer.headers.get('access-control-allow-origin')).toBe(APP)
      expect(answer.headers.get('access-control-allow-methods')).toMatch(/PATCH/)
      expect(answer.headers.get('access-control-allow-headers')).toMatch(/authorization.*idempotency-key/)
      expect(answer.headers.get('access-control-max-age')).toBe('600')
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    },
  )

  test('a page of another origin is not allowed', async () => {
    for (const origin of ['https://evil.example', 'https://app.example.evil', 'null']) {
      const answer = await preflight('/v1/prompts/p1', origin)
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
    expect(gateway.prompt.calls).toEqual([])
  })
})

describe('a page may read', () => {
  const from = (origin: string) => ({ headers: { origin } })
  const expectReadable = (headers: Headers) => {
    expect(headers.get('access-control-allow-origin')).toBe(APP)
    expect(headers.get('access-control-expose-headers')).toMatch(/x-request-id.*retry-after/)
  }

  test('an answer', async () => {
    expectReadable((await gateway.rest('GET /v1/prompts/p1', from(APP))).headers)
  })

  test('what differs by origin says so to caches, whoever asks', async () => {
    for (const init of [from(APP), from('https://evil.example'), {}]) {
      for (const request of ['GET /v1/prompts/p1', 'GET /v1/prompts?colour=red', 'PATCH /v1/prompts/p1']) {
        expect((await gateway.rest(request, init)).headers.get('vary')).toMatch(/\bOrigin\b/)
      }
    }
    gateway.prompt.answers.set(Prompts.getPrompt.path, () =>
      GetPromptResponse.fromPartial({ prompt: { content: 'x'.repeat(5000) } }),
    )
    const { headers } = await gateway.rest('GET /v1/prompts/p1', from(APP))
    gateway.prompt.answers.clear()
    expect(headers.get('vary')).toMatch(/Accept-Encoding/i)
    expect(headers.get('vary')).toMatch(/\bOrigin\b/)
  })

  test.each([
    ['a missing token', 'PATCH /v1/prompts/p1', 401],
    ['an unknown query parameter', 'GET /v1/prompts?colour=red', 400],
  ])('a failure: %s', async (_, request, status) => {
    const answer = await gateway.rest(request, from(APP))
    expect(failureOf(answer)).toMatchObject({ status })
    expectReadable(answer.headers)
  })

  test('a failure: an unknown path', async () => {
    const answer = await gateway.rest('GET /v1/nothing', { ...from(APP), token: await gateway.token() })
    expect(failureOf(answer)).toMatchObject({ status: 404 })
    expectReadable(answer.headers)
  })

  test('a failure: too many requests', async () => {
    await gateway.rest('POST /v1/auth/login', from(APP))
    const answer = await gateway.rest('POST /v1/auth/login', from(APP))
    expect(failureOf(answer)).toMatchObject({ status: 429 })
    expectReadable(answer.headers)
  })

  test('nothing, of another origin', async () => {
    const { headers } = await gateway.rest('GET /v1/prompts/p1', from('https://evil.example'))
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })
})
