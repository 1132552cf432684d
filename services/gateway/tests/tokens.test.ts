import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Metadata, status } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { PromptServiceService as Prompts } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { failureOf } from './failure.ts'
import { startGateway, type TestGateway } from './harness.ts'
import { makeKey } from './keys.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.stop())
beforeEach(() => void gateway.prompt.calls.splice(0))

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const now = () => Math.floor(Date.now() / 1000)
const sign = (claims: Record<string, unknown>) => gateway.key.sign('ada', claims)

const BAD: Record<string, () => string | Promise<string>> = {
  malformed: () => 'x.y.z',
  'no token at all': () => 'ada',
  expired: () => sign({ exp: now() - 3600 }),
  'without an end': () => sign({ exp: undefined }),
  'not valid yet': () => sign({ nbf: now() + 3600 }),
  'for another audience': () => sign({ aud: 'other' }),
  'for no audience': () => sign({ aud: undefined }),
  'of another issuer': () => sign({ iss: 'https://evil.example' }),
  'of a foreign key': async () => (await makeKey()).sign('ada'),
  'of a forger who uses our key id': async () => (await makeKey(gateway.key.jwk.kid)).sign('ada'),
  'of another algorithm under our key id': async () => (await makeKey(gateway.key.jwk.kid, 'ES256')).sign('ada'),
  'alg none': async () => {
    const [, claims] = (await gateway.token()).split('.')
    return `${part({ alg: 'none', kid: gateway.key.jwk.kid })}.${claims}.`
  },
  'tampered with': async () => {
    const [header, , signature] = (await gateway.token('ada')).split('.')
    const [, claims] = (await gateway.token('eve')).split('.')
    return `${header}.${claims}.${signature}`
  },
}

describe.each(Object.entries(BAD))('a token that is: %s', (_, make) => {
  test('is refused on public paths too', async () => {
    const token = await make()
    for (const request of ['GET /v1/prompts/p1', 'GET /v1/prompts:batchGet', 'DELETE /v1/prompts/p1']) {
      expect(failureOf(await gateway.rest(request, { token }))).toEqual({
        status: 401,
        code: 16,
        reason: 'TOKEN_INVALID',
      })
    }
    expect(gateway.prompt.calls).toEqual([])
  })

  test('is refused over gRPC', async () => {
    const token = await make()
    const { getPrompt, deletePrompt } = gateway.stub(Prompts)
    for (const call of [getPrompt({ promptId: 'p1' }, { token }), deletePrompt({ promptId: 'p1' }, { token })]) {
      expect(await rejection(call)).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' })
    }
    expect(gateway.prompt.calls).toEqual([])
  })
})

test.each([
  ['another scheme', { authorization: 'Basic YWRhOnB3' }],
  ['no scheme', { authorization: 'ada' }],
  ['no token', { authorization: 'Bearer ' }],
])('an authorization of %s does not open what needs a token', async (_, headers) => {
  expect(await gateway.rest('DELETE /v1/prompts/p1', { headers })).toMatchObject({ status: 401 })
  expect(gateway.prompt.calls).toEqual([])
})

test.each([
  ['a good token without its scheme', (token: string) => token],
  ['another scheme', () => 'Basic YWRhOnB3'],
  ['another scheme before the right one', (token: string) => `Basic Bearer ${token}`],
  ['no space behind the scheme', (token: string) => `Bearer:${token}`],
  ['two of them', (token: string) => `Bearer ${token}, Bearer ${token}`],
  ['the scheme alone', () => 'Bearer'],
])('an authorization that no service takes is refused on public paths too: %s', async (_, write) => {
  const authorization = write(await gateway.token())
  const invalid = { status: 401, code: 16, reason: 'TOKEN_INVALID' }
  for (const request of ['GET /v1/prompts/p1', 'DELETE /v1/prompts/p1']) {
    expect(failureOf(await gateway.rest(request, { headers: { authorization } }))).toEqual(invalid)
  }
  const metadata = new Metadata()
  metadata.set('authorization', authorization)
  expect(await rejection(gateway.stub(Prompts).getPrompt({ promptId: 'p1' }, { metadata }))).toMatchObject({
    code: status.UNAUTHENTICATED,
    reason: 'TOKEN_INVALID',
  })
  expect(gateway.prompt.calls).toEqual([])
})

test.each(['bearer', 'BEARER', 'BeArEr'])('the scheme may be spelt %s', async (scheme) => {
  const sent = (token: string) => ({ headers: { authorization: `${scheme} ${token}` } })
  const token = await gateway.token()
  expect(await gateway.rest('DELETE /v1/prompts/p1', sent(token))).toMatchObject({ status: 200 })
  // Whatever reads it behind the gateway reads what the gateway has checked.
  expect(gateway.prompt.calls.at(-1)!.metadata.get('authorization')).toEqual([`Bearer ${token}`])
  gateway.prompt.calls.splice(0)
  const bad = await gateway.rest('GET /v1/prompts/p1', sent('x.y.z'))
  expect(failureOf(bad)).toEqual({ status: 401, code: 16, reason: 'TOKEN_INVALID' })
})

test('a token in the URL counts for nothing', async () => {
  const answer = await gateway.rest(`DELETE /v1/prompts/p1?access_token=${await gateway.token()}`)
  expect(failureOf(answer)).toEqual({ status: 401, code: 16, reason: 'TOKEN_MISSING' })
})

test('a good token is for REST and gRPC alike', async () => {
  const token = await gateway.token()
  expect(await gateway.rest('DELETE /v1/prompts/p1', { token })).toMatchObject({ status: 200, json: {} })
  expect(await gateway.stub(Prompts).deletePrompt({ promptId: 'p1' }, { token })).toEqual({})
  expect(await gateway.rest('GET /v1/prompts/p1')).toMatchObject({ status: 200 })
})
