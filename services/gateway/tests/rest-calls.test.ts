import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { AuthServiceService as Auth } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { Prompt_Status } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import {
  GetPromptResponse,
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
beforeEach(() => void gateway.prompt.calls.splice(0))

const arrived = () => gateway.prompt.calls.at(-1)!
const create = (body: string) => gateway.rest('POST /v1/prompts', { token, body })

describe('a REST request arrives', () => {
  test('as a message, its fields by either of their names', async () => {
    await create(
      '{"title": "one", "is_public": true, "variables": [{"name": "x", "type": "NUMBER", "defaultValue": "1"}]}',
    )
    expect(arrived()).toMatchObject({
      path: Prompts.createPrompt.path,
      request: { title: 'one', isPublic: true, variables: [{ name: 'x', type: 2, defaultValue: '1' }] },
    })
  })

  test('with what is absent told from what is empty', async () => {
    await gateway.rest('PATCH /v1/prompts/p1', { token, body: '{"description": "", "tags": {}}' })
    expect(arrived().request).toMatchObject({ promptId: 'p1', description: '', tags: { values: [] }, title: undefined })
  })

  test('with an empty body as an empty message', async () => {
    expect(await gateway.rest('POST /v1/prompts', { token })).toMatchObject({ status: 200 })
    expect(arrived().request).toMatchObject({ title: '', content: '' })
  })

  test('with repeated query parameters as a list, and commas as themselves', async () => {
    await gateway.rest('GET /v1/prompts:batchGet?prompt_ids=a&promptIds=b&prompt_ids=c,d')
    expect(arrived()).toMatchObject({ path: Prompts.batchGetPrompts.path, request: { promptIds: ['a', 'b', 'c,d'] } })
  })

  test('with a query decoded, `+` as a blank', async () => {
    await gateway.rest('GET /v1/prompts?category=a%20b&tag=c+d&is_public=false&order_by=LIKES')
    expect(arrived().request).toMatchObject({ category: 'a b', tag: 'c d', isPublic: false, orderBy: 3 })
  })

  test('with a query parameter in the place of what the path says, and with the original path, by which the chassis refuses it', async () => {
    await gateway.rest('GET /v1/prompts/A?prompt_id=B')
    expect(arrived().request).toMatchObject({ promptId: 'B' })
    expect(arrived().metadata.get('x-envoy-original-path')).toEqual(['/v1/prompts/A?prompt_id=B'])
  })

  test('with a query parameter beside what the body says', async () => {
    await gateway.rest('POST /v1/prompts?title=x', { token, body: '{"content": "y"}' })
    expect(arrived().request).toMatchObject({ title: 'x', content: 'y' })
  })

  test('with its Idempotency-Key', async () => {
    await gateway.rest('POST /v1/prompts', { token, headers: { 'Idempotency-Key': 'k1' } })
    expect(arrived().metadata.get('idempotency-key')).toEqual(['k1'])
  })

  test('with its token, which the service verifies again', async () => {
    await create('{}')
    expect(arrived().metadata.get('authorization')).toEqual([`Bearer ${token}`])
  })
})

test.each([
  ['an unknown query parameter', 'GET /v1/prompts?colour=red', undefined],
  ['a query parameter that contradicts the body', 'POST /v1/prompts?title=x', '{"title": "y"}'],
  ['a query parameter of the wrong type', 'GET /v1/prompts?page_size=ten', undefined],
  ['broken JSON', 'POST /v1/prompts', '{"title": '],
  ['JSON of another type', 'POST /v1/prompts', '[]'],
  ['an unknown enum value', 'POST /v1/prompts', '{"status": "LOST"}'],
])('%s is refused here', async (_, request, body) => {
  const answer = await gateway.rest(request, { token, ...(body && { body }) })
  expect(failureOf(answer)).toEqual({ status: 400, code: 3, reason: 'REQUEST_REJECTED' })
  expect(gateway.prompt.calls).toEqual([])
})

describe('an answer', () => {
  test('has every field that is no message, enums by name, numbers that may be absent only when they are there', async () => {
    const prompt = { id: 'p1', status: Prompt_Status.DRAFT, createdAt: new Date(0) }
    gateway.prompt.answers.set(Prompts.getPrompt.path, () => GetPromptResponse.fromPartial({ prompt }))
    const { json } = await gateway.rest('GET /v1/prompts/p1')
    expect(json).toEqual({
      likedByMe: false,
      prompt: expect.objectContaining({
        id: 'p1',
        title: '',
        isPublic: false,
        likesCount: 0,
        tags: [],
        variables: [],
        status: 'DRAFT',
        createdAt: '1970-01-01T00:00:00Z',
      }),
    })
    expect(json.prompt).not.toHaveProperty('ratingAvg')
  })

  test('is compressed when it is large and the caller can read that', async () => {
    gateway.prompt.answers.set(Prompts.getPrompt.path, ({ promptId }) =>
      GetPromptResponse.fromPartial({ prompt: { content: promptId === 'large' ? 'x'.repeat(5000) : 'x' } }),
    )
    const encoding = async (id: string, accepted: string) => {
      const answer = await gateway.rest(`GET /v1/prompts/${id}`, { headers: { 'accept-encoding': accepted } })
      expect(answer.json.prompt.content).toMatch(/^x+$/)
      return answer.headers.get('content-encoding')
    }
    expect(await encoding('large', 'gzip')).toBe('gzip')
    expect(await encoding('large', 'identity')).toBeNull()
    expect(await encoding('small', 'gzip')).toBeNull()
  })

  test('is 304 without a body when what the caller has is still right', async () => {
    const jwks = gateway.user.answers.get(Auth.getJwks.path)!
    gateway.user.answers.set(Auth.getJwks.path, (request, call) => {
      call.headers.set('etag', '"7"')
      call.headers.set('cache-control', 'public, max-age=60')
      return jwks(request, call)
    })
    const get = (tag?: string) =>
      gateway.rest('GET /.well-known/jwks.json', tag ? { headers: { 'if-none-match': tag } } : {})
    const first = await get()
    expect(first).toMatchObject({ status: 200, json: { keys: [{ kty: 'OKP' }] } })
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'content-type': 'application/jwk-set+json',
      'cache-control': 'public, max-age=60',
      etag: '"7"',
    })
    for (const tag of ['"7"', 'W/"7"', '"6", "7"', '*']) {
      const again = await get(tag)
      expect(again).toMatchObject({ status: 304, text: '' })
      expect(again.headers.get('etag')).toBe('"7"')
      expect(again.headers.get('x-ratelimit-limit')).toBe('10000')
    }
    expect(await get('"6"')).toMatchObject({ status: 200, json: { keys: [{}] } })
  })
})
