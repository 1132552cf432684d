import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as errors from '#chassis/errors.ts'
import { ErrorReason } from '#contracts/gen/promptforge/error/v1/error.ts'
import { PromptServiceService as Prompts } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { BareStatus } from './echo.ts'
import { failureOf } from './failure.ts'
import { startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
let token: string

beforeAll(async () => {
  gateway = await startGateway()
  token = await gateway.token()
})
afterAll(() => gateway.stop())
afterEach(() => gateway.prompt.answers.clear())

const forever = () => new Promise<never>(() => undefined)

describe('what the gateway itself refuses', () => {
  test.each([
    ['no token', 'PATCH /v1/prompts/p1', 401, 16, 'TOKEN_MISSING'],
    ['an unknown path, without a token', 'GET /v1/nothing', 401, 16, 'TOKEN_MISSING'],
    ['an id with a slash in it', 'GET /v1/prompts/a%2Fb', 400, 3, 'REQUEST_REJECTED'],
  ])('%s', async (_, request, status, code, reason) => {
    expect(failureOf(await gateway.rest(request))).toEqual({ status, code, reason })
  })

  test.each([
    ['an unknown path', 'GET /v1/nothing'],
    ['the root, for writing', 'POST /'],
    ['a verb that the path does not have', 'PUT /v1/prompts'],
    ['a custom verb that is none', 'POST /v1/prompts/p1:explode'],
    ['a path with more to it', 'GET /v1/prompts/p1/more'],
    ['a gRPC path that is none', 'POST /promptforge.prompt.v1.PromptService/Explode'],
  ])('%s', async (_, request) => {
    expect(failureOf(await gateway.rest(request, { token }))).toEqual({ status: 404, code: 5, reason: 'PATH_UNKNOWN' })
  })

  test('HEAD, which has no body to say more', async () => {
    const answer = await gateway.rest('HEAD /v1/prompts/p1', { token })
    expect(answer).toMatchObject({ status: 404, text: '' })
    expect(answer.headers.get('x-request-id')).not.toBeNull()
  })

  test('a header whose name has an underscore, for it could pass for another', async () => {
    const answer = await gateway.rest('GET /v1/prompts/p1', { headers: { x_pf_user: 'eve' } })
    expect(failureOf(answer)).toEqual({ status: 400, code: 3, reason: 'REQUEST_REJECTED' })
  })

  test('headers of 100 kB', async () => {
    const answer = await gateway.rest('GET /v1/prompts/p1', { headers: { 'x-long': 'x'.repeat(100_000) } })
    expect(failureOf(answer)).toEqual({ status: 431, code: 3, reason: 'REQUEST_REJECTED' })
  })
})

describe('a deadline', () => {
  test('that a service does not keep is 504', async () => {
    gateway.prompt.answers.set(Prompts.getPrompt.path, forever)
    const answer = await gateway.rest('GET /v1/prompts/p1', { headers: { 'grpc-timeout': '200m' } })
    expect(failureOf(answer)).toEqual({ status: 504, code: 4, reason: 'DEADLINE_EXCEEDED' })
  })
})

describe('what the gRPC library of a service answers, which knows nothing of our errors, gets their shape', () => {
  test.each([
    ['a deadline that it notices first', 504, 4, 'DEADLINE_EXCEEDED'],
    ['a method that a service of an older version does not have', 501, 12, 'METHOD_UNKNOWN'],
    ['too much at once', 429, 8, 'OVERLOADED'],
    ['a connection that ends', 503, 14, 'DEPENDENCY_UNAVAILABLE'],
    ['anything else', 500, 13, 'INTERNAL_ERROR'],
  ])('%s', async (_, status, code, reason) => {
    gateway.prompt.answers.set(Prompts.getPrompt.path, () => {
      throw new BareStatus(code, 'words with "details":[] in them')
    })
    const answer = await gateway.rest('GET /v1/prompts/p1')
    expect(failureOf(answer)).toEqual({ status, code, reason })
    expect(answer.headers.get('x-ratelimit-limit')).toBe('10000')
  })

  test('with reasons of the contract', () => {
    const script = readFileSync(join(import.meta.dirname, '../gateway.lua'), 'utf8')
    const reasons = [...script.matchAll(/"([A-Z]+_[A-Z_]+|[A-Z]{5,})"/g)].map(([, reason]) => reason!)
    expect(reasons).toContain('INTERNAL_ERROR')
    for (const reason of reasons) expect(ErrorReason).toHaveProperty(reason)
  })
})

test.each([
  [400, errors.invalid([{ field: 'title', description: 'is too long' }])],
  [401, errors.unauthenticated('REFRESH_TOKEN_INVALID', 'sign in again')],
  [403, errors.notAllowed('not yours')],
  [404, errors.notFound('prompt')],
  [409, errors.alreadyExists('USERNAME_TAKEN', 'username', 'it is taken')],
  [409, errors.staleEtag('7')],
  [400, errors.failedPrecondition('PROMPT_ARCHIVED' as never, 'it is archived')],
  [429, errors.exhausted('RATE_LIMITED', 'wait', 3000)],
  [500, errors.internal(undefined)],
  [503, errors.unavailable('the database')],
  [504, errors.deadlineExceeded()],
])('a service’s failure is %i', async (status, error) => {
  gateway.prompt.answers.set(Prompts.updatePrompt.path, () => {
    throw error
  })
  const answer = await gateway.rest('PATCH /v1/prompts/p1', { token, body: '{}' })
  expect(failureOf(answer)).toEqual({ status, code: error.code, reason: error.reason })
  expect(answer.json.message).toBe(error.message)
  const wait = error.retryAfterMs === undefined ? null : String(error.retryAfterMs / 1000)
  expect(answer.headers.get('retry-after')).toBe(wait)
})
